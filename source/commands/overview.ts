import {programName} from '../system/program-name.js';
import type {Core} from '../runs/core.js';
import {patience} from '../runs/words/wait-words.js';
import {Problem} from '../system/problem.js';
import {choose, settledOffers} from './choose.js';
import {type Output, table} from './io.js';
import {offerTable} from './offers.js';
import {plural} from './words.js';

const firstOffers = 5;

/** What the program shows where it cannot draw: what it found, and the commands that go on from there. */
export async function overview(core: Core, output: Output): Promise<void> {
	const unchecked = new Map<string, string>();
	const [configurations, profiles, runs] = await Promise.all([
		core.configurations(),
		core.profiles(),
		core.runs({
			note: output.note,
			patience: patience.list,
			onUnchecked: (name, why) => void unchecked.set(name, why),
		}),
	]);
	output.object({
		type: 'overview',
		folder: core.folder,
		configurations: configurations.map(({file, label, diagnostics}) => ({file, label, diagnostics})),
		profiles: profiles.profiles.map(({name, words}) => ({
			name,
			words,
			default: name === profiles.profiles.find(each => each.default)?.name,
		})),
		environments: runs.map(({name, phase}) => ({name, phase, unchecked: unchecked.get(name) ?? null})),
	});
	output.line(`dstack-tui in ${core.folder}`);
	section(
		output,
		'Configurations',
		configurations.map(
			({file, diagnostics}) => `${file}${diagnostics.length > 0 ? `  (${plural(diagnostics.length, 'problem')})` : ''}`,
		),
	);
	section(
		output,
		'Profiles',
		profiles.profiles.map(({name, words, default: isDefault}) => `${name}${isDefault ? ' (default)' : ''}  ${words}`),
	);
	section(
		output,
		'Environments',
		runs.map(({name, phase}) => {
			const why = unchecked.get(name);
			return `${name}  ${phase}${why === undefined ? '' : ` (as last known; it could not be asked now: ${why})`}`;
		}),
	);
	await offers(core, output);
	output.line('Go on with:');
	for (const line of table(commands(configurations.length > 0))) {
		output.line(`  ${line}`);
	}

	output.line('This is no terminal that can be drawn on; in one, the same command opens full screen.');
}

/** What goes on from here: without a configuration, nothing can be started yet. */
const commands = (hasConfiguration: boolean): string[][] => [
	...(hasConfiguration
		? [
				[`${programName} run . -y --plain`, 'start an environment and hold its tunnel (-d returns when it is ready)'],
				[`${programName} offers`, 'all offers for this folder'],
				[`${programName} check`, 'the problems of the configurations'],
			]
		: [[programName, 'in a terminal: offers to write a configuration']]),
	[`${programName} ps`, 'environments that run; attach NAME, logs NAME, stop NAME'],
	[`${programName} --help`, 'everything else'],
];

function section(output: Output, title: string, lines: readonly string[]): void {
	output.line(`${title}:${lines.length === 0 ? ' none' : ''}`);
	for (const line of lines) {
		output.line(`  ${line}`);
	}

	output.line();
}

async function offers(core: Core, output: Output): Promise<void> {
	try {
		const request = core.request(await choose(core, {flags: {}}));
		const listing = await settledOffers(core, request, AbortSignal.timeout(30_000));
		const {rows} = listing.matches;
		const offers = Array.from(rows.subarray(0, firstOffers), row => listing.table.offer(row));
		output.object({type: 'offers', offers});
		section(output, 'First offers', offerTable(offers, request));
	} catch (error) {
		// Without a sound configuration there is nothing to ask offers for; the overview says why and goes on.
		if (!(error instanceof Problem)) {
			throw error;
		}

		section(output, 'First offers', [error.message, ...error.details]);
	}
}
