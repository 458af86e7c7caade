import {chmod, mkdir, writeFile} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {describe, expect, test} from 'vitest';
import {gpuName} from '../../source/offers/gpu-names.js';
import {awsSetup, lambdaSetup, readSettingsFiles, runpodSetup, withoutSecrets} from '../../source/backends/settings/index.js';
import {makeSurroundings} from './support/surroundings.js';

const key = 'key-NOBODY-should-see-1234567890';
const own = (text: string) => ({'config/backends.yml': text});
const server = (text: string) => ({'.dstack/server/config.yml': text});

const lambdaOf = async (files: Readonly<Record<string, string>>, environment: NodeJS.ProcessEnv = {}) =>
	lambdaSetup(await makeSurroundings(files, environment));

describe('where a key comes from', () => {
	test('nowhere: then it is said how to set one', async () => {
		expect(await lambdaOf({})).toMatchObject({
			credentials: undefined,
			origin: undefined,
			problems: [],
			next: expect.stringMatching(/LAMBDA_API_KEY.*~\/config\/backends\.yml/),
		});
	});

	test('`backends.yml`, as a map or as the bare list', async () => {
		const entry = `- {type: lambda, creds: {type: api_key, api_key: ${key}}}`;
		for (const text of [`backends:\n${entry}\n`, `${entry}\n`]) {
			expect(await lambdaOf(own(text))).toMatchObject({credentials: {apiKey: key}, origin: '~/config/backends.yml'});
		}
	});

	test('the variable', async () => {
		expect(await lambdaOf({}, {LAMBDA_API_KEY: ` ${key}\n`})).toMatchObject({
			credentials: {apiKey: key},
			origin: 'LAMBDA_API_KEY',
		});
	});

	test("the configuration of dstack's server, the project main first", async () => {
		const text = `projects:
- name: other
  backends: [{type: lambda, creds: {type: api_key, api_key: other}}]
- name: main
  backends:
  - type: gcp
    project_id: x
    creds: {type: default}
  - type: lambda
    unknown_to_us: 1
    creds: {type: api_key, api_key: ${key}}
    regions: [us-east-1]
`;
		expect(await lambdaOf(server(text))).toMatchObject({
			credentials: {apiKey: key},
			origin: '~/.dstack/server/config.yml',
			regions: ['us-east-1'],
			problems: [],
		});
	});

	test('the first place that has one counts', async () => {
		const all = {
			...own(`- {type: lambda, creds: {api_key: mine}}\n`),
			...server('projects: [{name: main, backends: [{type: lambda, creds: {api_key: servers}}]}]\n'),
		};
		expect((await lambdaOf(all, {LAMBDA_API_KEY: 'variables'})).credentials).toEqual({apiKey: 'mine'});
		const {'config/backends.yml': _, ...rest} = all;
		expect((await lambdaOf(rest, {LAMBDA_API_KEY: 'variables'})).credentials).toEqual({apiKey: 'variables'});
		expect((await lambdaOf(rest)).credentials).toEqual({apiKey: 'servers'});
	});

	test('settings without a key take one from the usual places', async () => {
		const setup = await lambdaOf(own('- {type: lambda, endpoint: https://mirror.example, regions: [us-east-1]}\n'), {
			LAMBDA_API_KEY: key,
		});
		expect(setup).toMatchObject({
			credentials: {apiKey: key},
			origin: 'LAMBDA_API_KEY',
			endpoint: 'https://mirror.example',
			regions: ['us-east-1'],
		});
	});

	test('a variable that is no key is a problem, without being shown', async () => {
		const setup = await lambdaOf({}, {LAMBDA_API_KEY: `${key} and more`});
		expect(setup.credentials).toBeUndefined();
		expect(setup.problems).toEqual([expect.stringContaining('LAMBDA_API_KEY is no key')]);
		expect(JSON.stringify(setup)).not.toContain(key);
	});
});

describe("RunPod's own file", () => {
	test.each([
		['runpodctl writes it', `apikey = '${key}'\napiurl = 'https://api.runpod.io/graphql'\n`],
		['the Python library writes it', `[default]\napi_key = "${key}"\n`],
	])('as %s', async (_, text) => {
		const setup = await runpodSetup(await makeSurroundings({'.runpod/config.toml': text}));
		expect(setup).toMatchObject({
			credentials: {apiKey: key},
			origin: '~/.runpod/config.toml',
			problems: [],
			communityCloud: false,
		});
	});

	test('the variable comes before it', async () => {
		const setup = await runpodSetup(
			await makeSurroundings({'.runpod/config.toml': `apikey = '${key}'\n`}, {RUNPOD_API_KEY: 'other'}),
		);
		expect(setup.credentials).toEqual({apiKey: 'other'});
	});

	test('one that is no TOML is a problem, whose line is not shown', async () => {
		const setup = await runpodSetup(await makeSurroundings({'.runpod/config.toml': `apikey = ${key}\n`}));
		expect(setup.problems).toEqual(['~/.runpod/config.toml: this is no TOML']);
	});

	test('its own variable for another address is checked', async () => {
		const good = await runpodSetup(
			await makeSurroundings({}, {RUNPOD_API_KEY: key, RUNPOD_GRAPHQL_URL: 'https://mirror.example/graphql'}),
		);
		expect(good.endpoint).toBe('https://mirror.example/graphql');
		const bad = await runpodSetup(await makeSurroundings({}, {RUNPOD_API_KEY: key, RUNPOD_GRAPHQL_URL: 'http://mirror.example'}));
		expect(bad.problems).toEqual([expect.stringMatching(/RUNPOD_GRAPHQL_URL: http:.*in the clear/)]);
	});
});

describe("AWS's usual places", () => {
	const aws = async (files: Readonly<Record<string, string>>, environment: NodeJS.ProcessEnv = {}) =>
		awsSetup(await makeSurroundings(files, environment));
	const credentialsFile = `[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = ${key}\n`;

	test('keys in the environment', async () => {
		const environment = {
			AWS_ACCESS_KEY_ID: 'AKIAX',
			AWS_SECRET_ACCESS_KEY: key,
			AWS_SESSION_TOKEN: 'token',
			AWS_REGION: 'eu-west-1',
		};
		expect(await aws({}, environment)).toMatchObject({
			credentials: {kind: 'keys', accessKeyId: 'AKIAX', secretAccessKey: key, sessionToken: 'token'},
			origin: 'AWS_ACCESS_KEY_ID',
			homeRegion: 'eu-west-1',
		});
	});

	test('half of a pair of keys is passed over, and that is said', async () => {
		const [id, secret] = [{AWS_ACCESS_KEY_ID: 'AKIAX'}, {AWS_SECRET_ACCESS_KEY: key}];
		expect(await aws({}, id)).toMatchObject({
			credentials: undefined,
			problems: [],
			warnings: ['AWS_ACCESS_KEY_ID is set without AWS_SECRET_ACCESS_KEY: it is passed over'],
		});
		expect(await aws({'.aws/credentials': credentialsFile}, secret)).toMatchObject({
			credentials: {kind: 'profile', profile: 'default'},
			warnings: ['AWS_SECRET_ACCESS_KEY is set without AWS_ACCESS_KEY_ID: it is passed over'],
		});
	});

	test.each([
		['keys', 'aws_access_key_id = x\naws_secret_access_key = y'],
		['SSO', 'sso_session = s\nsso_account_id = 1\nsso_role_name = r'],
		['a role', 'role_arn = arn:aws:iam::1:role/x\nsource_profile = default'],
		['a process', 'credential_process = /bin/true'],
	])('a profile with %s', async (_, lines) => {
		const setup = await aws({'.aws/config': `[profile work]\n${lines}\nregion = ap-south-1\n`}, {AWS_PROFILE: 'work'});
		expect(setup).toMatchObject({
			credentials: {kind: 'profile', profile: 'work'},
			origin: 'profile work of ~/.aws',
			homeRegion: 'ap-south-1',
		});
	});

	test('the default profile, unasked', async () => {
		expect(await aws({'.aws/credentials': credentialsFile})).toMatchObject({credentials: {kind: 'profile', profile: 'default'}});
	});

	test('a profile that only sets a region is none', async () => {
		const setup = await aws({'.aws/config': '[default]\nregion = eu-north-1\n'});
		expect(setup).toMatchObject({credentials: undefined, problems: [], homeRegion: 'eu-north-1'});
	});

	test('a profile that is named and not there is a problem', async () => {
		expect((await aws({'.aws/credentials': credentialsFile}, {AWS_PROFILE: 'wrok'})).problems).toEqual([
			'There is no profile wrok in ~/.aws',
		]);
		const named = await aws({
			...own('- {type: aws, creds: {type: default, profile: wrok}}\n'),
			'.aws/credentials': credentialsFile,
		});
		expect(named.problems).toEqual(['There is no profile wrok in ~/.aws']);
	});

	test('the metadata service only where it is switched on', async () => {
		expect((await aws({})).credentials).toBeUndefined();
		expect(await aws({}, {AWS_EC2_METADATA_DISABLED: 'false'})).toMatchObject({
			credentials: {kind: 'chain'},
			origin: "the instance's role",
		});
	});

	test('a container and a token file', async () => {
		expect((await aws({}, {AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '/x'})).credentials).toEqual({kind: 'chain'});
		const token = {AWS_WEB_IDENTITY_TOKEN_FILE: '/x', AWS_ROLE_ARN: 'arn:aws:iam::1:role/x'};
		expect((await aws({}, token)).credentials).toEqual({kind: 'chain'});
	});

	test("all of dstack's own keys are known", async () => {
		const text = `backends:
- type: aws
  creds: {type: access_key, access_key: AKIAX, secret_key: ${key}}
  regions: [us-west-2]
  vpc_name: x
  vpc_ids: {us-west-2: vpc-1}
  default_vpcs: true
  public_ips: false
  iam_instance_profile: p
  security_group_id: sg-1
  tags: {a: b}
  os_images: {cpu: {name: x, user: y}}
`;
		expect(await aws(own(text))).toMatchObject({
			problems: [],
			credentials: {kind: 'keys'},
			homeRegion: 'us-west-2',
			regions: ['us-west-2'],
		});
	});
});

describe('what is wrong in `backends.yml`', () => {
	const files = async (text: string) => (await readSettingsFiles(await makeSurroundings(own(text)))).own;

	test.each<[string, string, RegExp]>([
		[
			'a key of an entry',
			`- type: lambda\n  credz: {api_key: ${key}}\n`,
			/backends\.yml:2:3: unknown key 'credz'; known here: .*creds.*\(did you mean creds\?\)/,
		],
		['a missing key', '- type: lambda\n  creds: {type: api_key}\n', /backends\.yml:2:\d+: the key `api_key` is missing/],
		['a number for a key', '- type: lambda\n  creds: {api_key: 12345678}\n', /backends\.yml:2:\d+: .*put it in quotes/],
		['a key with blanks', `- type: lambda\n  creds: {api_key: "${key} x"}\n`, /backends\.yml:2:\d+: expected a key: no blanks/],
		['a key in place of the map', `- type: lambda\n  creds: ${key}\n`, /backends\.yml:2:\d+: expected a map of type and api_key/],
		[
			'credentials of no kind',
			'- type: aws\n  creds: {type: client}\n',
			/backends\.yml:2:\d+: expected creds of `type: default` or/,
		],
		['regions that are no list', '- type: aws\n  regions: us-east-1\n', /backends\.yml:2:\d+: expected a list of regions/],
		[
			'an address in the clear',
			'- type: lambda\n  endpoint: http://mirror.example\n',
			/backends\.yml:2:\d+: http:.*in the clear/,
		],
		['no address', '- type: lambda\n  endpoint: mirror\n', /backends\.yml:2:\d+: expected a URL/],
		[
			'an address with a password',
			`- type: lambda\n  endpoint: https://me:${key}@mirror.example\n`,
			/backends\.yml:2:\d+: expected a URL/,
		],
	])('%s', async (_, text, message) => {
		const {entries} = await files(text);
		const problems = Object.values(entries).flatMap(each => each.problems);
		expect(problems).toEqual([expect.stringMatching(message)]);
		expect(problems.join('')).not.toContain(key);
		expect(problems.join('')).not.toContain('12345678');
	});

	test.each<[string, string, RegExp]>([
		['no type', '- creds: {type: default}\n', /backends\.yml:1:\d+: expected a type: aws, lambda, runpod/],
		['an unknown type', '- type: lamda\n', /backends\.yml:1:\d+: expected a type.*did you mean lambda/],
		['the same twice', `- type: lambda\n- type: lambda\n`, /backends\.yml:2:\d+: lambda is there twice/],
		['no list', 'aws: {}\n', /backends\.yml:1:1: expected a list of backends/],
		[
			'no YAML',
			`- type: lambda\n  creds: {api_key: *${key}\n`,
			/backends\.yml:\d+:\d+: this is no YAML; a value with special characters/,
		],
		['a tag', `- type: lambda\n  creds: !${key} x\n`, /backends\.yml:2:\d+: expected a map of type and api_key/],
		['a secret as a key', `- type: lambda\n  creds: {api_key: x}\n  ${key}: 1\n`, /backends\.yml:3:\d+: unknown key; known here/],
	])('%s', async (_, text, message) => {
		const file = await files(text);
		const problems = [...file.problems, ...Object.values(file.entries).flatMap(each => each.problems)];
		expect(problems.join('\n')).toMatch(message);
		expect(problems.join('\n')).not.toContain(key);
	});

	test('nobody knows what a file that is no YAML says of a cloud: none is used', async () => {
		const setup = await lambdaOf(own('- type: [lambda\n'), {LAMBDA_API_KEY: key});
		expect(setup.credentials).toBeUndefined();
		expect(setup.problems.length).toBeGreaterThan(0);
	});

	test('an entry that is wrong takes no other with it', async () => {
		const surroundings = await makeSurroundings(
			own(`- {type: aws, regions: 5}\n- {type: lambda, creds: {api_key: ${key}}}\n- {type: mars}\n`),
		);
		expect((await awsSetup(surroundings)).problems.length).toBe(1);
		expect(await lambdaSetup(surroundings)).toMatchObject({credentials: {apiKey: key}, problems: []});
	});

	test("dstack's other backends are no mistakes", async () => {
		const file = await files('- {type: gcp, project_id: x, creds: {type: default}}\n');
		expect(file.problems).toEqual([]);
		expect(file.warnings).toEqual([expect.stringMatching(/:1:\d+: this version does not ask gcp for offers/)]);
	});

	test('an empty file is an empty list', async () => {
		expect(await files('# nothing yet\n')).toMatchObject({problems: [], entries: {}, broken: false});
	});
});

describe.skipIf(process.platform === 'win32')('who else may read it', () => {
	test('a file with a key that others may read is warned about', async () => {
		const surroundings = await makeSurroundings(own(`- {type: lambda, creds: {api_key: ${key}}}\n`));
		const file = path.join(surroundings.config, 'backends.yml');
		expect((await readSettingsFiles(surroundings)).own.warnings).toEqual([]);
		await chmod(file, 0o644);
		expect((await readSettingsFiles(surroundings)).own.warnings).toEqual([
			'~/config/backends.yml holds secrets, and others on this machine may read it: `chmod 600 ~/config/backends.yml`',
		]);
		await writeFile(file, '- {type: lambda, regions: [us-east-1]}\n');
		expect((await readSettingsFiles(surroundings)).own.warnings).toEqual([]);
	});

	test("RunPod's file as well", async () => {
		const surroundings = await makeSurroundings();
		await mkdir(path.join(surroundings.home, '.runpod'));
		await writeFile(path.join(surroundings.home, '.runpod/config.toml'), `apikey = '${key}'\n`, {mode: 0o644});
		expect((await runpodSetup(surroundings)).warnings).toEqual([expect.stringContaining('chmod 600 ~/.runpod/config.toml')]);
	});
});

test('secrets leave a message in each form that they may have', () => {
	const secret = 'a/b+c=secret';
	expect(withoutSecrets(`x ${secret}\ny ${encodeURIComponent(secret)}\u001B[31m`, [secret, undefined, ''])).toBe('x … y …');
	expect(withoutSecrets('z'.repeat(1000), []).length).toBe(300);
});

test.each([
	['NVIDIA A100-SXM4-80GB', 'A100'],
	['A100 PCIe', 'A100'],
	['H100 SXM', 'H100'],
	['H100 NVL', 'H100NVL'],
	['RTX A6000', 'A6000'],
	['RTX 6000 Ada', 'RTX6000Ada'],
	['NVIDIA GeForce RTX 4090', 'RTX4090'],
	['RTX PRO Server 6000', 'RTXPRO6000'],
	['Radeon Pro V520', 'V520'],
	['AMD Instinct MI300X OAM', 'MI300X'],
	['Gaudi HL-205', 'Gaudi'],
	['Tesla T4', 'T4'],
	['L40S', 'L40S'],
	['GH200 480GB', 'GH200'],
])('%s is called %s', (said, name) => {
	expect(gpuName(said)).toBe(name);
});
