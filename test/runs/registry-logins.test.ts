import {chmod, readFile, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {describe, expect, onTestFinished, test} from 'vitest';
import {ownValues, variableSources} from '../../source/configuration/resolve/value-sources.js';
import type {DevEnvironment, RequirementFlags} from '../../source/configuration/model.js';
import type {Plan, Request} from '../../source/runs/model/choice.js';
import type {ImageQuestion, ImageSource} from '../../source/runs/model/image-choice.js';
import {chooseWithheld, keepLogins, registryLogins, withLogins} from '../../source/runs/plan/registry-logins.js';
import {forgetAgreed, keepAgreed, readAgreed} from '../../source/runs/settings/agreed-logins.js';
import {createImageSource} from '../../source/runs/plan/image-source.js';
import {systemClock} from '../../source/system/clock.js';
import {type Paths, resolvePaths} from '../../source/system/paths.js';
import {Problem} from '../../source/system/problem.js';
import {environment} from '../environment/support.js';
import {testOffer} from '../support/events.js';
import {temporaryFolder} from '../support/folders.js';

const pathsOf = async (): Promise<Paths> => ({config: path.join(await temporaryFolder(), 'config')}) as Paths;

const auth = (username: string, password: string) => ({registryAuth: {username, password}});

/** The logins of an environment as it is written; `env` are the values that its variables come to have. */
const loginsOf = async (
	written: Partial<DevEnvironment>,
	paths: Paths,
	flags: RequirementFlags = {},
	env: Record<string, string> = {},
) => registryLogins({paths}, {environment: environment(written), choice: {flags}} as unknown as Request, environment({env}));

const plan = (logins: Plan['logins']): Plan => ({logins}) as Plan;

describe('where values come from', () => {
	const variables = variableSources({env: {PLAIN: 'x', SECRET: '${{ secrets.A }}', GIVEN: 'y'}, callerEnv: ['OWN']}, [
		'GIVEN=y',
		'OWN',
	]);

	test.each([
		['nothing', []],
		['${{ env.PLAIN }}', []],
		['${{ run.name }}', []],
		['$${{ secrets.A }}', []],
		['${{ secrets.B }}', ['secrets.B']],
		['x${{ env.SECRET }}y${{ secrets.A }}', ['secrets.A']],
		['${{ env.GIVEN }}', ['env.GIVEN']],
		['${{ env.OWN }}', ['env.OWN']],
	])('%s takes in %j of the person', (text, expected) => {
		expect(ownValues(text, variables)).toEqual(expected);
	});
});

describe('what a registry would get', () => {
	test('is of the person only, for the host of the image, with what was agreed to', async () => {
		const paths = await pathsOf();
		const own = {image: 'evil.example/x', ...auth('me', '${{ secrets.TOKEN }}')};
		expect(await loginsOf({image: 'evil.example/x'}, paths)).toEqual([]);
		expect(await loginsOf({image: 'evil.example/x', ...auth('me', 'written')}, paths)).toEqual([]);
		expect(await loginsOf(auth('me', '${{ secrets.TOKEN }}'), paths)).toEqual([]);
		const wanted = {host: 'evil.example', by: 'registry_auth', values: ['secrets.TOKEN']};
		expect(await loginsOf(own, paths)).toEqual([{...wanted, agreed: false}]);
		expect(await loginsOf(own, paths, {sendSecrets: ['other.example']})).toEqual([{...wanted, agreed: false}]);
		expect(await loginsOf(own, paths, {sendSecrets: ['evil.example']})).toEqual([{...wanted, agreed: true}]);
		await keepAgreed(paths, [{host: 'evil.example', values: ['secrets.TOKEN']}]);
		expect(await loginsOf(own, paths)).toEqual([{...wanted, agreed: true}]);
		for (const other of [
			{...own, image: 'evil.example:5000/x'},
			{...own, image: 'x'},
			{...own, ...auth('${{ secrets.NAME }}', '${{ secrets.TOKEN }}')},
		]) {
			expect(await loginsOf(other, paths)).toMatchObject([{agreed: false}]);
		}
	});

	test('may be in the name of the image, which never holds a secret; its host shows no value', async () => {
		const paths = await pathsOf();
		const named = {image: '${{ env.OWN }}.evil.example/x:1', callerEnv: ['OWN']};
		expect(await loginsOf(named, paths, {}, {OWN: 'own-value'})).toEqual([
			{host: 'own.evil.example', by: 'image', values: ['env.OWN'], agreed: false},
		]);
		const secret = {image: 'evil.example/x:${{ env.T }}', env: {T: '${{ secrets.TOKEN }}'}};
		await expect(loginsOf(secret, paths, {}, {T: 'value'})).rejects.toThrow('`image` holds secrets.TOKEN');
	});
});

describe('asking about an image with no more than was agreed to', () => {
	const asked: ImageQuestion[] = [];
	const question = (changes: Partial<DevEnvironment> = {}) =>
		({environment: environment({image: 'evil.example/x', ...auth('me', 'value'), ...changes})}) as ImageQuestion;
	const answer = {image: 'evil.example/x', decision: 'none' as const, build: undefined, why: []};
	const source = (fails?: Error) =>
		({
			images: {
				async choose(each) {
					asked.push(each);
					if (fails) {
						throw fails;
					}

					return answer;
				},
			} as Partial<ImageSource> as ImageSource,
		}) as const;
	const signal = new AbortController().signal;
	const login = {host: 'evil.example', by: 'registry_auth' as const, values: ['secrets.T'], agreed: false};
	const last = () => asked.at(-1)?.environment.registryAuth;

	test('leaves the login out until then', async () => {
		expect(await chooseWithheld(source(), question(), [login], signal)).toBe(answer);
		expect(last()).toBeUndefined();
		await chooseWithheld(source(), question(), [{...login, agreed: true}], signal);
		expect(last()).toEqual({username: 'me', password: 'value'});
	});

	test('leaves open what is not told without it; other failures are none of that', async () => {
		const refused = new Problem('failed', 'evil.example wants a login');
		expect(await chooseWithheld(source(refused), question({build: ['make']}), [login], signal)).toMatchObject({
			decision: 'unasked',
			why: ['Without the login evil.example does not tell: evil.example wants a login.'],
		});
		expect(await chooseWithheld(source(refused), question(), [login], signal)).toMatchObject({
			decision: 'none',
			image: 'evil.example/x',
		});
		await expect(chooseWithheld(source(refused), question(), [], signal)).rejects.toBe(refused);
		const bug = new Error('a bug');
		await expect(chooseWithheld(source(bug), question(), [login], signal)).rejects.toBe(bug);
	});

	test('asks nobody while the name itself holds a value', async () => {
		const before = asked.length;
		expect(await chooseWithheld(source(), question(), [{...login, by: 'image'}], signal)).toMatchObject({
			decision: 'none',
			image: undefined,
		});
		expect(asked).toHaveLength(before);
	});
});

describe('an offer of a cloud', () => {
	test('has its image asked for without the login, and with it only when that was agreed to', async () => {
		const heard: Array<string | undefined> = [];
		const server = createServer((request, answer) => {
			heard.push(request.headers.authorization);
			answer.writeHead(401, {'www-authenticate': 'Basic realm="x"'}).end();
		});
		await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
		onTestFinished(() => void server.close());
		const paths = {...resolvePaths({DSTACK_TUI_HOME: await temporaryFolder()}), home: await temporaryFolder()};
		const images = createImageSource(paths, systemClock, {HOME: paths.home});
		const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
		const written = environment({image: `${host}/team/app:1`, ...auth('me', 'value-of-token')});
		const question: ImageQuestion = {
			environment: written,
			declared: written,
			offer: {...testOffer, backend: 'aws', instanceType: 'm5.large', kind: 'machine', price: 1},
			workspace: {root: paths.home, subfolder: ''},
			configuration: '.dstack.yml',
			policy: 'use',
		};
		const login = {host, by: 'registry_auth' as const, values: ['secrets.T'], agreed: false};
		const {why} = await chooseWithheld({images}, question, [login], AbortSignal.timeout(20_000));
		expect(why.join()).toContain('wants a login');
		expect(heard.length).toBeGreaterThan(0);
		expect(heard.filter(each => each !== undefined)).toEqual([]);
		await chooseWithheld({images}, question, [{...login, agreed: true}], AbortSignal.timeout(20_000));
		expect(heard).toContain(`Basic ${Buffer.from('me:value-of-token').toString('base64')}`);
	});
});

describe('what was agreed to', () => {
	const login = {host: 'ghcr.io', by: 'registry_auth' as const, values: ['secrets.T'], agreed: false};

	test('is asked for by the last look before a start, kept beside what was, and taken back', async () => {
		const paths = await pathsOf();
		await expect(keepLogins({paths}, plan([login]))).rejects.toThrow('ghcr.io would get secrets.T, and nobody agreed to that');
		expect([...(await readAgreed(paths))]).toEqual([]);
		await keepLogins({paths}, withLogins(plan([login])));
		await keepLogins({paths}, withLogins(plan([{...login, values: ['env.U']}])));
		expect(await readAgreed(paths)).toEqual(new Map([['ghcr.io', new Set(['env.U', 'secrets.T'])]]));
		await forgetAgreed(paths, 'secrets.T');
		expect(await readAgreed(paths)).toEqual(new Map([['ghcr.io', new Set(['env.U'])]]));
	});

	test('is believed only from a whole file that nobody else can write', async () => {
		const paths = await pathsOf();
		await keepAgreed(paths, [login]);
		const file = path.join(paths.config, 'agreed-logins.json');
		await chmod(file, 0o660);
		await expect(readAgreed(paths)).rejects.toThrow('others may write it');
		await chmod(file, 0o600);
		await writeFile(file, (await readFile(file, 'utf8')).slice(0, -4));
		await expect(readAgreed(paths)).rejects.toMatchObject({kind: 'configuration'});
	});
});
