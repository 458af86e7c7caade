import {readFile, stat} from 'node:fs/promises';
import path from 'node:path';
import {afterAll, beforeAll, describe, expect, onTestFinished, test} from 'vitest';
import {hasRegistry, login, startRegistry, type TestRegistry} from '../environment/images/registry-support.js';
import {type Bench, findBench} from '../support/engine.js';
import {recordRegistry, type RecordedRegistry} from '../support/recorded-registry.js';
import {configuration, makeDockerWorld, objects} from './support.js';

const suite = 'Secrets for a registry that a repository names';
const found = await findBench(suite, ['git']);
const bench = found as Bench;
const isWhole = found !== undefined && hasRegistry(suite);

describe.skipIf(!isWhole)('secrets for a registry that a repository names', {timeout: 180_000}, () => {
	let registry: TestRegistry;
	let recorded: RecordedRegistry;
	beforeAll(async () => {
		registry = await startRegistry({auth: 'htpasswd'});
		recorded = await recordRegistry(registry.host);
		await registry.push({repository: 'team/app', tag: '1'});
	});
	afterAll(async () => {
		await recorded?.stop();
		await registry?.stop();
	});

	const image = (host: string): string => `${host}:${recorded.port}/team/app:1`;

	const withLogin = (host: string, secret = 'TOKEN', more = ''): string =>
		`${configuration}image: ${image(host)}\nenv: [REGISTRY_USER]\nregistry_auth:\n  username: \${{ env.REGISTRY_USER }}\n  password: \${{ secrets.${secret} }}\n${more}`;

	async function makeConsentWorld(yaml: string) {
		const world = await makeDockerWorld(bench, yaml);
		world.env['REGISTRY_USER'] = login.username;
		for (const name of ['TOKEN', 'OTHER']) {
			const {code} = await world.run('sh', ['-c', `printf %s "$VALUE" | node "$CLI" secrets set ${name}`], {
				env: {VALUE: login.password, CLI: path.resolve('dist/cli.js')},
			});
			expect(code).toBe(0);
		}

		onTestFinished(async () => {
			for (const host of ['localhost', '127.0.0.1']) {
				await bench.engine.docker('rmi', '-f', image(host)).catch(() => '');
			}
		});
		return world;
	}

	test('get there only after a yes for this host and these values, which is kept', async () => {
		const world = await makeConsentWorld(withLogin('localhost'));
		const host = `localhost:${recorded.port}`;
		const said = 'gets env.REGISTRY_USER, secrets.TOKEN (`registry_auth`)';
		const start = async (...args: string[]) => {
			const before = recorded.heard.length;
			const result = await world.cli(['run', '.', '-d', '-n', 'asked', ...args]);
			const sent = recorded.heard.slice(before).flatMap(({authorization}) => authorization ?? []);
			for (const text of [result.stdout, result.stderr]) {
				expect(text).not.toContain(login.password);
			}

			return {...result, sent};
		};

		const unanswered = await start();
		expect(unanswered).toMatchObject({code: 2, sent: []});
		expect(unanswered.stdout).toContain(`Login: ${host} ${said}, if you say yes`);
		expect(unanswered.stderr).toContain(`Start asked and give ${host} env.REGISTRY_USER, secrets.TOKEN?`);

		const refused = await start('-y');
		expect(refused).toMatchObject({code: 2, sent: []});
		expect(refused.stderr).toContain(`--send-secrets ${host}`);
		expect(await world.ps('-a')).toEqual([]);
		expect(await start('-y', '--send-secrets', 'elsewhere.example')).toMatchObject({code: 2, sent: []});

		// There is nothing in the image that could start: what counts is that it was asked for with the login.
		const agreed = await start('-y', '--send-secrets', host);
		expect(agreed.code, agreed.stderr).toBe(4);
		expect(agreed.sent.length).toBeGreaterThan(0);
		expect(recorded.logins()).toEqual([`${login.username}:${login.password}`]);

		const file = path.join(world.home, 'dt/agreed-logins.json');
		expect((await stat(file)).mode & 0o777).toBe(0o600);
		const kept = await readFile(file, 'utf8');
		expect(JSON.parse(kept)).toEqual({hosts: [{host, values: ['env.REGISTRY_USER', 'secrets.TOKEN']}]});
		expect(kept).not.toContain(login.password);

		await bench.engine.docker('rmi', '-f', image('localhost')).catch(() => '');
		expect((await start('-y')).sent.length).toBeGreaterThan(0);

		await world.write({'.dstack.yml': withLogin('localhost', 'OTHER')});
		expect(await start('-y')).toMatchObject({code: 2, sent: []});
		await world.write({'.dstack.yml': withLogin('127.0.0.1')});
		expect(await start('-y')).toMatchObject({code: 2, sent: []});

		await world.write({'.dstack.yml': withLogin('localhost')});
		await world.cli(['secrets', 'delete', 'TOKEN']);
		expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({hosts: [{host, values: ['env.REGISTRY_USER']}]});
	});

	test('are not sent to find out whether there is a build', async () => {
		const world = await makeConsentWorld(withLogin('localhost', 'TOKEN', 'build: [echo built]\n'));
		const before = recorded.heard.length;
		const {code, stdout} = await world.cli(['run', '.', '-d', '--build', '--json']);
		expect(code).toBe(2);
		const asked = recorded.heard.slice(before);
		expect(asked.filter(({line}) => line.includes('/manifests/'))).not.toEqual([]);
		expect(asked.filter(({authorization}) => authorization !== undefined)).toEqual([]);
		expect(objects(stdout).find(({type}) => type === 'plan')).toMatchObject({
			image: {build: 'unasked'},
			logins: [{host: `localhost:${recorded.port}`, by: 'registry_auth', agreed: false}],
		});
	});
});
