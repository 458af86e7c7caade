import {readFile} from 'node:fs/promises';
import path from 'node:path';
import {render} from 'ink-testing-library';
import {afterEach, describe, expect, test, vi} from 'vitest';
import {findConfigurations} from '../../source/configuration/files/discover.js';
import {readProfiles} from '../../source/configuration/files/profiles.js';
import {resolveRequest} from '../../source/configuration/resolve/requirements.js';
import {saveRequirements} from '../../source/configuration/files/save.js';
import {matchRows} from '../../source/offers/match.js';
import {mismatch} from '../../source/offers/matching.js';
import type {Request} from '../../source/runs/model/choice.js';
import {Root} from '../../source/ui/app.js';
import {loadFolder} from '../../source/ui/store/load-folder.js';
import {inTreeOrder, treeLines} from '../../source/ui/store/tree.js';
import {writeFiles} from '../configuration/support.js';
import {temporaryFolder} from '../support/folders.js';
import {configurationFile, offers, tableOf, testApp, testCore} from '../support/ui.js';

let last: ReturnType<typeof render> | undefined;

afterEach(() => {
	last?.unmount();
});

const profiles = `# What runs may ask for.
profiles:
  - name: small   # the default one
    resources:
      cpu: 4    # cores
      memory: 4GB
    max_price: 0.5
    default: true
`;

/** The app over real files, with offers that the requirements decide on; `press` sends keys one by one. */
async function atForm() {
	const folder = await temporaryFolder();
	await writeFiles(folder, {
		'.dstack.yml': 'type: dev-environment\n\n# the editor\nide: vscode\n',
		'.dstack/profiles.yml': profiles,
	});
	const all = offers(60);
	const table = tableOf(all);
	const core = testCore({
		folder,
		configurations: async () => findConfigurations(folder),
		profiles: async () => readProfiles(folder),
		request(choice): Request {
			const {environment} = choice.configuration;
			if (!environment) {
				throw new Error('a sound configuration was expected');
			}

			return {choice, ...resolveRequest({...choice.configuration, environment}, choice.profile, choice.flags)};
		},
		async *offers({requirements}) {
			yield {table, matches: matchRows(table, requirements), backends: [], complete: true};
		},
		saveRequirements,
	});
	const app = testApp(core, {size: {columns: 110, rows: 30}});
	const instance = render(<Root app={app} onSuspend={() => undefined} />);
	last = instance;
	const frame = () => (instance.lastFrame() ?? '').replaceAll(/\u001B\[[\d;]*m/g, '');
	const press = async (...input: string[]) => {
		for (const text of input) {
			instance.stdin.write(text);
			await new Promise(resolve => setTimeout(resolve, text === '\u001B' ? 60 : 15));
		}
	};
	const shows = async (text: string) => vi.waitFor(() => expect(frame()).toContain(text), 3000);
	const count = (requirements: Request['requirements']) =>
		all.filter(offer => mismatch(offer, requirements) === undefined).length;
	await loadFolder(app);
	await press('\r', '\r');
	await shows('offers');
	await press('o');
	await shows('what to ask for');
	return {folder, app, frame, press, shows, count};
}

describe('the form', () => {
	test('says what is asked for and who asks', async () => {
		const {frame} = await atForm();
		expect(frame()).toMatch(/cores +4 +\.dstack\/profiles\.yml:5/);
		expect(frame()).toMatch(/memory +4GB +\.dstack\/profiles\.yml:6/);
		expect(frame()).toMatch(/spot +on-demand +default/);
		expect(frame()).toMatch(/GPU +any/);
	});

	test('a text that is being typed shows at once what it leaves, or why it does not read', async () => {
		const {app, press, shows, count} = await atForm();
		const before = count(app.state().request!.requirements);
		await shows(`${before} offers of 60 can be had`);
		await press('\r', ...'24GB');
		const tried = app.state().tentative?.request?.requirements;
		expect(tried?.gpu).toEqual({memory: {min: 24_576}});
		expect(count(tried!)).not.toBe(before);
		await shows(`${count(tried!)} offer`);
		await press(...':4:5');
		await shows("two counts in '24GB:4:5'");
		await press('\u001B');
		await shows(`${before} offers of 60`);
		expect(app.state().flags.gpu).toBeUndefined();
	});

	test('changes hold for this run, can be taken back, and order the offers anew', async () => {
		const {app, frame, press, shows} = await atForm();
		await press('\r', ...'A100:2', '\r');
		await shows('* GPU');
		expect(frame()).toMatch(/GPU +A100:2 +this run/);
		expect(app.state().request?.requirements.gpu).toEqual({names: ['A100'], count: {min: 2}});
		await press('j', 'j', 'j', 'j', 'l');
		expect(app.state().flags.spotPolicy).toBe('auto');
		await press('l', 'l');
		expect(app.state().flags.spotPolicy).toBe('on-demand');
		await press('g', 'x');
		expect(app.state().flags.gpu).toBeUndefined();
		await press('x');
		await shows('Nothing was changed here');
	});

	test('are written to the profile with every comment kept, and asked for by it from then on', async () => {
		const {folder, app, press, shows, frame} = await atForm();
		await press('\r', ...'24GB', '\r', 'j', '\r', '\u007F', ...'8..16', '\r', 'S');
		await shows('Write the changes down?');
		await press('\r');
		await shows('Written to');
		expect(await readFile(path.join(folder, '.dstack/profiles.yml'), 'utf8')).toBe(
			profiles.replace('cpu: 4    # cores', 'cpu: 8..16    # cores').replace('memory: 4GB\n', 'memory: 4GB\n      gpu: 24GB\n'),
		);
		expect(app.state().flags.gpu).toBeUndefined();
		expect(frame()).toMatch(/GPU +24GB +\.dstack\/profiles\.yml:7/);
		expect(frame()).toMatch(/cores +8\.\.16 +\.dstack\/profiles\.yml:5/);
	});

	test('or to the configuration, or as a profile of their own', async () => {
		const {folder, app, press, shows} = await atForm();
		await press('\r', ...'L4', '\r', 'S', 'j', '\r');
		await shows('Written to');
		expect(await readFile(path.join(folder, '.dstack.yml'), 'utf8')).toBe(
			'type: dev-environment\n\n# the editor\nide: vscode\nresources:\n  gpu: L4\n',
		);
		await press('G', 'k', 'k', 'k', '\u007F');
		await press('\r', '\u007F', ...'2d', '\r', 'S', 'j', 'j', '\r', ...'long', '\r');
		await vi.waitFor(() => expect(app.state().profile?.name).toBe('long'), 3000);
		expect(await readFile(path.join(folder, '.dstack/profiles.yml'), 'utf8')).toBe(
			`${profiles}  - name: long\n    max_duration: 2d\n`,
		);
	});
});

describe('the tree', () => {
	const tree = (...files: string[]) => {
		const configurations = inTreeOrder(files.map(file => configurationFile({file, label: file, path: `/${file}`})));
		return treeLines(configurations).map(
			line => `${'  '.repeat(line.depth)}${line.name}${line.kind === 'file' ? ` ${configurations[line.index]?.file}` : ''}`,
		);
	};

	test('files of a folder come before its folders, and a lonely way down is one line', () => {
		expect(
			tree('.dstack.yml', 'b.dstack.yml', 'a/b/c/x.dstack.yml', 'a/d/y.dstack.yml', 'a/z.dstack.yml', 'q/r/w.dstack.yml'),
		).toEqual([
			'.dstack.yml .dstack.yml',
			'b.dstack.yml b.dstack.yml',
			'a/',
			'  z.dstack.yml a/z.dstack.yml',
			'  b/c/',
			'    x.dstack.yml a/b/c/x.dstack.yml',
			'  d/',
			'    y.dstack.yml a/d/y.dstack.yml',
			'q/r/',
			'  w.dstack.yml q/r/w.dstack.yml',
		]);
	});

	test('the cursor is on files only, in the order in which they stand', () => {
		const configurations = inTreeOrder(['z/a.dstack.yml', '.dstack.yml'].map(file => configurationFile({file, label: file})));
		expect(configurations.map(({file}) => file)).toEqual(['.dstack.yml', 'z/a.dstack.yml']);
	});
});
