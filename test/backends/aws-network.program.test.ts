import {createHash} from 'node:crypto';
import {mkdir, writeFile} from 'node:fs/promises';
import {spawn} from 'node:child_process';
import {createConnection, type Socket} from 'node:net';
import path from 'node:path';
import process from 'node:process';
import {describe, expect, onTestFinished, test} from 'vitest';
import {createAwsSource} from '../../source/backends/aws/index.js';
import {usualLimits} from '../../source/backends/aws/session.js';
import {makeWorld} from '../support/program.js';
import {startEc2} from './support/ec2.js';
import {json, serve} from './support/http.js';
import {makeSurroundings, status} from './support/surroundings.js';

const keys = 'creds: {type: access_key, access_key: AKIANOBODYSHOULDSEE1, secret_key: nobodyShouldSeeThisSecretKey123}';

/** A port of this machine that takes no connection: its owner sleeps, and its queue is full. */
async function startDeaf(): Promise<number> {
	const child = spawn(
		process.execPath,
		[
			'-e',
			'const s = require("net").createServer(); s.listen({port: 0, host: "127.0.0.1", backlog: 1}, () => console.log(s.address().port))',
		],
		{stdio: ['ignore', 'pipe', 'ignore']},
	);
	const sockets: Socket[] = [];
	onTestFinished(() => {
		for (const socket of sockets) {
			socket.destroy();
		}

		child.kill('SIGKILL');
	});
	const port = await new Promise<number>(resolve => {
		child.stdout.once('data', text => resolve(Number(text)));
	});
	child.kill('SIGSTOP');
	for (let isOpen = true; isOpen && sockets.length < 20;) {
		const socket = createConnection({port, host: '127.0.0.1'});
		socket.on('error', () => undefined);
		sockets.push(socket);
		isOpen = await new Promise(resolve => {
			socket.once('connect', () => resolve(true));
			setTimeout(() => resolve(false), 300);
		});
	}

	expect(sockets.length).toBeLessThan(20);
	return port;
}

describe('a connection to AWS', () => {
	test.skipIf(process.platform !== 'linux')(
		'that is not taken is given up, each of its two tries after a limit of its own: 5 s',
		async () => {
			expect(usualLimits.connect).toBe(5000);
			const port = await startDeaf();
			const aws = createAwsSource({
				surroundings: await makeSurroundings({
					'config/backends.yml': `- {type: aws, endpoint: 'http://127.0.0.1:${port}', ${keys}}\n`,
				}),
				limits: {connect: 300, request: 60_000, region: 60_000},
				pricesFor: async () => new Map(),
			});
			const started = Date.now();
			expect(await status(aws)).toMatchObject({ready: false, notes: [expect.stringMatching(/connection.*300 ms/)]});
			expect(Date.now() - started).toBeLessThan(10_000);
		},
		30_000,
	);
});

describe('a profile that signs in by SSO', () => {
	const session = async () => {
		const world = await makeWorld();
		const ec2 = await startEc2();
		const portal = await serve(() =>
			json({
				roleCredentials: {
					accessKeyId: 'AKIAOFTHEROLE',
					secretAccessKey: 'secretOfTheRole',
					sessionToken: 'tokenOfTheRole',
					expiration: Date.now() + 3_600_000,
				},
			}),
		);
		const files = {
			'.aws/config': [
				'[profile work]',
				'sso_session = firm',
				'sso_account_id = 123456789012',
				'sso_role_name = developer',
				'region = eu-west-1',
				'[sso-session firm]',
				'sso_start_url = https://firm.example/start',
				'sso_region = eu-west-1',
				'',
			].join('\n'),
			'dt/backends.yml': `- {type: aws, endpoint: '${ec2.url}', creds: {type: default, profile: work}}\n`,
		};
		const write = async (name: string, text: string) => {
			const file = path.join(world.home, name);
			await mkdir(path.dirname(file), {recursive: true, mode: 0o700});
			await writeFile(file, text, {mode: 0o600});
		};

		for (const [name, text] of Object.entries(files)) {
			await write(name, text);
		}

		const signIn = async (expires: number) =>
			write(
				`.aws/sso/cache/${createHash('sha1').update('firm').digest('hex')}.json`,
				JSON.stringify({
					startUrl: 'https://firm.example/start',
					region: 'eu-west-1',
					accessToken: 'tokenOfThePerson',
					expiresAt: new Date(expires).toISOString(),
				}),
			);
		const run = async () => world.cli(['backends', '--json'], {env: {AWS_ENDPOINT_URL_SSO: portal.url}});
		return {ec2, portal, signIn, run};
	};

	test('is asked with the role that the sign-in gives', async () => {
		const {ec2, portal, signIn, run} = await session();
		await signIn(Date.now() + 3_600_000);
		const {code, stdout} = await run();
		expect(code).toBe(0);
		expect(stdout).toMatch(/"name":"aws","state":"ready","origin":"profile work of ~\/.aws"/);
		expect(portal.heard[0]?.path).toContain('account_id=123456789012');
		expect(portal.heard[0]?.headers['x-amz-sso_bearer_token']).toBe('tokenOfThePerson');
		expect(String(ec2.heard[0]?.headers['authorization'])).toContain('AKIAOFTHEROLE');
		expect(ec2.heard[0]?.headers['x-amz-security-token']).toBe('tokenOfTheRole');
		expect(stdout).not.toMatch(/AKIAOFTHEROLE|secretOfTheRole|tokenOf/);
	}, 30_000);

	test('whose sign-in is over says how to sign in again', async () => {
		const {signIn, run} = await session();
		await signIn(Date.now() - 1000);
		const {code, stdout} = await run();
		expect(code).toBe(1);
		expect(stdout).toMatch(/"name":"aws","state":"failed".*aws sso login/);
		expect(stdout).not.toContain('tokenOfThePerson');
	}, 30_000);
});
