import {chmod, mkdir, readFile, writeFile} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {describe, expect, test} from 'vitest';
import {ecrRegion, imageLogin, registryLogin} from '../../../source/environment/images/credentials.js';
import {readImageSettings} from '../../../source/environment/images/settings.js';
import {Problem} from '../../../source/system/problem.js';
import {temporaryFolder} from '../../support/folders.js';

const secret = 'never-shown-4be1';

/** A home whose Docker has these settings, and programs on its PATH. */
async function makeHome(
	config: unknown,
	programs: Readonly<Record<string, string>> = {},
): Promise<NodeJS.ProcessEnv & {HOME: string}> {
	const home = await temporaryFolder();
	await mkdir(path.join(home, '.docker'));
	await mkdir(path.join(home, 'bin'));
	if (config !== undefined) {
		await writeFile(path.join(home, '.docker/config.json'), typeof config === 'string' ? config : JSON.stringify(config));
	}

	for (const [name, script] of Object.entries(programs)) {
		const file = path.join(home, 'bin', name);
		await writeFile(file, `#!/bin/sh\necho "$0 $*" >> "$HOME/argv"\n${script}\n`);
		await chmod(file, 0o755);
	}

	return {HOME: home, PATH: `${path.join(home, 'bin')}:/usr/bin:/bin`};
}

const basic = (username: string, password: string) => ({auth: Buffer.from(`${username}:${password}`).toString('base64')});
const registry = (value: unknown) =>
	readImageSettings(key => (key === 'registry' ? value : undefined)).registry ?? expect.fail('no registry');
const loginOf = async (value: unknown, variables: NodeJS.ProcessEnv, secrets: Record<string, string> = {}) =>
	registryLogin(registry(value), {secrets, variables});

async function failure(call: Promise<unknown>): Promise<Problem> {
	const error = await call.then(
		value => expect.fail(`it gave ${JSON.stringify(value)}`),
		(reason: unknown) => reason,
	);
	expect(error).toBeInstanceOf(Problem);
	const {message, next, details} = error as Problem;
	expect(JSON.stringify([message, next, details])).not.toContain(secret);
	return error as Problem;
}

describe('the login of the settings', () => {
	const written = (password: string) => ({repository: 'ghcr.io/team/builds', username: 'me', password});

	test('with a secret, with a variable, and as it is written', async () => {
		const variables = {...(await makeHome({auths: {'ghcr.io': basic('other', 'other')}})), TOKEN: secret};
		const wanted = {kind: 'password', username: 'me', password: secret, origin: '`registry` in the settings'};
		expect(await loginOf(written('${{ secrets.GHCR }}'), variables, {GHCR: secret})).toEqual(wanted);
		expect(await loginOf(written('${{ env.TOKEN }}'), variables)).toEqual(wanted);
		expect(await loginOf(written(secret), variables)).toEqual(wanted);
	});

	test.each([
		['${{ secrets.GHCR }}', 'there is no secrets.GHCR', 'secrets set GHCR'],
		['${{ env.GHCR }}', 'there is no env.GHCR', 'export GHCR='],
		['${{ secrets.toString }}', 'there is no secrets.toString', 'secrets set toString'],
		['${{ nope.GHCR }}', 'expected one of', ''],
	])('%s where there is none', async (password, words, next) => {
		const problem = await failure(loginOf(written(password), await makeHome(undefined)));
		expect(problem.message).toContain(words);
		expect(problem.next).toContain(next);
	});
});

describe("Docker's own login", () => {
	test.each([
		['as it is', 'ghcr.io', 'ghcr.io/team/x'],
		['as an address', 'https://ghcr.io/v1/', 'ghcr.io/team/x'],
		['of Docker Hub', 'https://index.docker.io/v1/', 'me/builds'],
		['with a port', 'localhost:5000', 'localhost:5000/x'],
	])('is found under the host %s', async (_, key, place) => {
		const variables = await makeHome({auths: {'other.example': basic('no', 'no'), [key]: basic('me', `${secret}:with:colons`)}});
		expect(await loginOf(place, variables)).toEqual({
			kind: 'password',
			username: 'me',
			password: `${secret}:with:colons`,
			origin: path.join(variables.HOME, '.docker/config.json'),
		});
	});

	test('is an identity token or a token of the registry where one is kept', async () => {
		const one = await makeHome({auths: {'ghcr.io': {...basic('me', 'x'), identitytoken: secret}}});
		expect(await loginOf('ghcr.io/team/x', one)).toMatchObject({kind: 'identity', token: secret});
		const other = await makeHome({auths: {'ghcr.io': {registrytoken: secret}}});
		expect(await loginOf('ghcr.io/team/x', other)).toMatchObject({kind: 'bearer', token: secret});
	});

	test('is none where there is none', async () => {
		expect(await loginOf('ghcr.io/team/x', await makeHome(undefined))).toBeUndefined();
		expect(await loginOf('ghcr.io/team/x', await makeHome({}))).toBeUndefined();
		expect(
			await loginOf('ghcr.io/team/x', await makeHome({auths: {'ghcr.io': {}, 'ghcr.io.example': basic('a', 'b')}})),
		).toBeUndefined();
	});

	test('is looked for where DOCKER_CONFIG says', async () => {
		const variables = await makeHome(undefined);
		const folder = path.join(variables.HOME, 'elsewhere');
		await mkdir(folder);
		await writeFile(path.join(folder, 'config.json'), JSON.stringify({auths: {'ghcr.io': basic('me', secret)}}));
		expect(await loginOf('ghcr.io/team/x', {...variables, DOCKER_CONFIG: folder})).toMatchObject({password: secret});
	});

	test.each(['{"auths": "nonsense', `{"auths": {"ghcr.io": "${secret}"}}`, '[]'])(
		'in a damaged file is a problem: %s',
		async text => {
			const problem = await failure(loginOf('ghcr.io/team/x', await makeHome(text)));
			expect(problem.message).toContain("cannot be read as Docker's settings");
		},
	);
});

describe('a helper of Docker', () => {
	const answering = (username: string) =>
		`read -r server || true\nprintf '%s' "$server" > "$HOME/asked"\nprintf '{"ServerURL":"%s","Username":"${username}","Secret":"${secret}"}' "$server"`;

	test('for the host goes before the one for all, and both before the file', async () => {
		const variables = await makeHome(
			{
				credHelpers: {'ghcr.io': 'one'},
				credsStore: 'two',
				auths: {'ghcr.io': basic('file', 'x'), 'other.example': basic('file', 'x')},
			},
			{'docker-credential-one': answering('one'), 'docker-credential-two': answering('two')},
		);
		expect(await loginOf('ghcr.io/team/x', variables)).toEqual({
			kind: 'password',
			username: 'one',
			password: secret,
			origin: 'docker-credential-one',
		});
		expect(await readFile(path.join(variables.HOME, 'asked'), 'utf8')).toBe('ghcr.io');
		expect(await loginOf('other.example/x', variables)).toMatchObject({username: 'two'});
		expect(await loginOf('me/builds', variables)).toMatchObject({username: 'two'});
		expect(await readFile(path.join(variables.HOME, 'asked'), 'utf8')).toBe('https://index.docker.io/v1/');
		// It is told what is wanted and nothing else.
		expect(await readFile(path.join(variables.HOME, 'argv'), 'utf8')).toMatch(
			/^(?:\S+\/docker-credential-(?:one|two) get\n){3}$/,
		);
	});

	test('may give an identity token', async () => {
		const variables = await makeHome({credsStore: 'one'}, {'docker-credential-one': answering('<token>')});
		expect(await loginOf('ghcr.io/team/x', variables)).toEqual({
			kind: 'identity',
			token: secret,
			origin: 'docker-credential-one',
		});
	});

	test('that has none leaves it to the file', async () => {
		const none = {'docker-credential-one': 'cat >/dev/null; echo "credentials not found in native keychain"; exit 1'};
		const variables = await makeHome({credsStore: 'one', auths: {'ghcr.io': basic('me', secret)}}, none);
		expect(await loginOf('ghcr.io/team/x', variables)).toMatchObject({username: 'me'});
		expect(await loginOf('other.example/x', variables)).toBeUndefined();
	});

	test.each([
		['is not installed', 'none', 'it is not installed'],
		['fails', 'fails', 'it ended with 3'],
		['says nonsense', 'nonsense', 'its answer cannot be read'],
		['has a name that leads elsewhere', '../../x', 'no name of a helper'],
	])('that %s is a problem that shows nothing of what it printed', async (_, name, words) => {
		const variables = await makeHome(
			{credsStore: name},
			{
				'docker-credential-fails': `cat >/dev/null; echo ${secret}; echo ${secret} >&2; exit 3`,
				'docker-credential-nonsense': `cat >/dev/null; echo ${secret}`,
			},
		);
		expect((await failure(loginOf('ghcr.io/team/x', variables))).message).toContain(words);
	});
});

describe("AWS's registry", () => {
	const host = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';

	test('is known by its name', () => {
		expect(ecrRegion(host)).toBe('eu-west-1');
		expect(ecrRegion('123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com')).toBe('us-gov-west-1');
		expect(ecrRegion('123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn')).toBe('cn-north-1');
		expect(ecrRegion('public.ecr.aws')).toBe('us-east-1');
		expect(ecrRegion(`${host}.example`)).toBeUndefined();
		expect(ecrRegion('ghcr.io')).toBeUndefined();
	});

	test("has a password by AWS's own program, where Docker has none", async () => {
		const variables = await makeHome({}, {aws: `echo ${secret}`});
		expect(await loginOf(`${host}/builds`, variables)).toEqual({
			kind: 'password',
			username: 'AWS',
			password: secret,
			origin: '`aws`',
		});
		expect(await readFile(path.join(variables.HOME, 'argv'), 'utf8')).toMatch(
			/\/aws ecr get-login-password --region eu-west-1\n$/,
		);
		expect(await loginOf('ghcr.io/team/x', variables)).toBeUndefined();
		const known = await makeHome({auths: {[host]: basic('AWS', 'kept')}}, {aws: `echo ${secret}`});
		expect(await loginOf(`${host}/builds`, known)).toMatchObject({password: 'kept'});
	});

	test('without the program there is no login; where it fails, it says why', async () => {
		expect(await loginOf(`${host}/builds`, await makeHome({}))).toBeUndefined();
		const variables = await makeHome({}, {aws: 'echo; echo "Unable to locate credentials" >&2; exit 253'});
		const problem = await failure(loginOf(`${host}/builds`, variables));
		expect(problem.message).toContain('Unable to locate credentials');
		expect(problem.next).toContain('aws sso login');
	});
});

test('an image has its own login, else that of the same registry, else what Docker knows', async () => {
	const variables = await makeHome({auths: {'ghcr.io': basic('docker', 'x'), 'quay.io': basic('docker', 'x')}});
	const sources = {
		secrets: {},
		variables,
		registry: registry({repository: 'ghcr.io/team/x', username: 'settings', password: 'x'}),
	};
	const auth = {username: 'configuration', password: secret};
	expect(await imageLogin('ghcr.io/team/app:1', auth, sources)).toEqual({kind: 'password', origin: '`registry_auth`', ...auth});
	expect(await imageLogin('ghcr.io/team/app:1', undefined, sources)).toMatchObject({username: 'settings'});
	expect(await imageLogin('quay.io/team/app:1', undefined, sources)).toMatchObject({username: 'docker'});
	expect(await imageLogin('ubuntu', undefined, sources)).toBeUndefined();
	expect(process.env['HOME']).not.toBe(variables.HOME);
});
