import {execFileSync} from 'node:child_process';
import {mkdirSync, readFileSync} from 'node:fs';
import {createServer} from 'node:https';
import path from 'node:path';
import {afterAll, beforeAll, describe, expect, it, onTestFinished} from 'vitest';
import {runIdeStep} from '../../source/environment/ide/run.js';
import type {StepContext} from '../../source/environment/step.js';
import {scriptSteps} from '../../source/environment/steps.js';
import {ensureImage, findBench} from '../support/engine.js';
import {temporaryFolder} from '../support/folders.js';
import {execOver} from './docker-link.js';
import {commit, downloadSite, editor, type Site} from './ide-site.js';
import {environment} from './support.js';

const suite = "the editor's server in containers";
const bench = await findBench(suite, ['tar', 'openssl']);
/** Debian without anything that downloads, but with busybox and musl for what is no Debian. */
const bare = bench && (await ensureImage(bench.engine, {image: 'dstack-tui-test-bare:1', packages: ['busybox-static', 'musl']}));
if (bare && 'missing' in bare) {
	console.warn(`${suite}: skipped, missing: ${bare.missing}`);
}

const arch = process.arch === 'arm64' ? 'arm64' : 'x64';
const machine = arch === 'arm64' ? 'aarch64' : 'x86_64';
const alpineImage = `dstack-tui-test-musl:${process.pid}`;

describe.skipIf(!bench || !bare || 'missing' in bare)(suite, () => {
	// What is skipped is collected all the same, also where there is no bench.
	const {engine, image} = bench ?? ({} as NonNullable<typeof bench>);
	const bareImage = bare && 'image' in bare ? bare.image : '';

	/** A root as Alpine's: busybox for all commands, musl for its C library, neither bash nor glibc. No real one can be had everywhere. */
	beforeAll(() => {
		const script = `set -e
mkdir -p /of/bin /of/lib /of/usr/lib /of/etc /of/root /of/tmp /of/sbin
cp /bin/busybox /of/bin/
ln -s ../bin /of/usr/bin
/bin/busybox --install -s /of/bin
cp -L /lib/ld-musl-${machine}.so.1 /of/lib/
echo 3.22.1 > /of/etc/alpine-release
: > /of/usr/lib/libstdc++.so.6.0.33
ln -s libstdc++.so.6.0.33 /of/usr/lib/libstdc++.so.6
ln -s /bin/false /of/sbin/apk
tar -C /of -cf - .`;
		const env = {...process.env, DOCKER_HOST: engine.host};
		const root = execFileSync('docker', ['run', '--rm', bareImage, 'sh', '-c', script], {env, maxBuffer: 1 << 26});
		const changes = ['ENV PATH=/sbin:/bin', 'ENV HOME=/root'].flatMap(change => ['--change', change]);
		execFileSync('docker', ['import', ...changes, '-', alpineImage], {env, input: root});
	});

	afterAll(async () => {
		await engine.docker('rmi', '-f', alpineImage);
	});

	async function container(of: string, words: readonly string[] = ['--network', 'host']) {
		const id = await engine.docker('run', '-d', '--init', ...words, of, 'sleep', '1000000');
		onTestFinished(async () => void (await engine.docker('rm', '-f', id)));
		await engine.docker('exec', '-u', '0', id, 'sh', '-c', 'mkdir -p /workflow /dstack-tui && chmod 777 /workflow /dstack-tui');
		return {id, link: execOver(id, engine.host)};
	}

	async function perform({link}: Awaited<ReturnType<typeof container>>, site: Pick<Site, 'origin'>) {
		const context: StepContext = {
			configuration: environment({ide: 'vscode'}),
			workspace: '/workflow',
			stateFolder: '/dstack-tui',
			venv: '/dstack-tui/venv',
			subfolder: '',
			deadline: undefined,
			isolated: true,
			intentId: `ide-${process.pid}`,
			run: 'test-run-1',
			editor: editor(),
			ideOrigin: site.origin,
		};
		const step = scriptSteps(context).find(({id}) => id === 'ide');
		if (!step) {
			throw new Error('no step');
		}

		return runIdeStep(link, step, context, () => undefined);
	}

	const files = async ({link}: Awaited<ReturnType<typeof container>>, script: string) => (await link.exec(script)).stdout.trim();
	const server = `.vscode-server/cli/servers/Stable-${commit}/server`;

	it('is fetched by the environment, also for a user of its own', async () => {
		const site = await downloadSite(await temporaryFolder());
		for (const user of [[], ['--user', '1234:1234', '-e', 'HOME=/home/person', '--tmpfs', '/home/person:uid=1234,exec']]) {
			const at = await container(image, ['--network', 'host', ...user]);
			expect(await perform(at, site)).toMatchObject({code: 0});
			expect(await files(at, `cat "$HOME/${server}/product.json"`)).toBe(JSON.stringify({commit}));
			expect(await files(at, 'cat "$HOME/called"')).toContain('ms-python.python');
			expect(await files(at, `find "$HOME/.vscode-server" ! -user "$(id -u)"`)).toBe('');
		}

		expect(site.asked).toContain(`/commit:${commit}/server-linux-${arch}/stable`);
	});

	it('is sent where nothing there can fetch it', async () => {
		const site = await downloadSite(await temporaryFolder());
		const at = await container(bareImage, ['--network', 'none']);
		const result = await perform(at, site);
		expect(result).toMatchObject({code: 0});
		expect(await files(at, `cat "$HOME/${server}/product.json"`)).toBe(JSON.stringify({commit}));
		expect(site.asked).toEqual([`/commit:${commit}/server-linux-${arch}/stable`, `/commit:${commit}/cli-alpine-${arch}/stable`]);
	});

	it('is another where the C library is musl, and what is missing is said', async () => {
		const site = await downloadSite(await temporaryFolder());
		const at = await container(alpineImage);
		const result = await perform(at, site);
		expect(result.lastLines.at(-1)).toBe('bash is missing, which the editor connects through');
		expect(result.code).toBe(1);
		expect(await files(at, `cat "$HOME/${server}/product.json"`)).toBe(JSON.stringify({commit}));
		expect(await files(at, 'cat /dstack-tui/steps/ide/next')).toBe('Add `apk add bash` to `build`.');
		expect(site.asked[0]).toBe(`/commit:${commit}/${arch === 'x64' ? 'server-linux-alpine' : 'server-alpine-arm64'}/stable`);
	});

	it('is left to the editor where there is no network', async () => {
		const at = await container(image, ['--network', 'none']);
		const {code, lastLines} = await perform(at, {origin: 'https://update.example.org'});
		expect({code, last: lastLines.at(-1)}).toEqual({
			code: 1,
			last: 'VS Code gets its server itself: https://update.example.org does not answer',
		});
	});

	it('does not come where the image has no libstdc++ or no C library at all', async () => {
		const folder = await temporaryFolder();
		const site = await downloadSite(folder);
		const at = await container(image);
		await at.link.exec('rm -f /usr/lib/*-linux-gnu/libstdc++.so.6* /usr/lib64/libstdc++.so.6* && ldconfig');
		const result = await perform(at, site);
		expect(result.lastLines.at(-1)).toBe("VS Code's server cannot run here: libstdc++ is missing");
		expect(await files(at, 'cat /dstack-tui/steps/ide/next')).toBe(
			'Add `apt-get update && apt-get install -y libstdc++6` to `build`.',
		);

		const none = await container(alpineImage);
		await none.link.exec('rm /lib/ld-musl-* /etc/alpine-release');
		expect((await perform(none, site)).lastLines.at(-1)).toBe(
			"VS Code's server cannot run here: there is neither glibc nor musl; bash is missing, which the editor connects through",
		);
		expect(site.asked).toEqual([]);
	});

	it('is not fetched past certificates that the image does not trust', async () => {
		const folder = await temporaryFolder();
		mkdirSync(path.join(folder, 'tls'));
		execFileSync(
			'openssl',
			['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'key', '-out', 'cert', '-days', '2', '-subj', '/CN=localhost'],
			{cwd: path.join(folder, 'tls'), stdio: 'ignore'},
		);
		const read = (name: string) => readFileSync(path.join(folder, 'tls', name));
		const secure = createServer({key: read('key'), cert: read('cert')}, (_, response) => void response.end('x'));
		await new Promise<void>(resolve => secure.listen(0, '127.0.0.1', resolve));
		onTestFinished(() => void secure.close());
		const origin = `https://localhost:${(secure.address() as {port: number}).port}`;
		const at = await container(image);
		const {code, lastLines} = await perform(at, {origin});
		expect(code).toBe(75);
		// Neither does this machine.
		expect(lastLines.at(-1)).toMatch(
			/^VS Code gets its server itself: the image does not trust https:\/\/localhost:\d+ \(`ca-certificates` may be missing\); the editor's server could not be fetched here either: /,
		);
		expect(await files(at, 'ls "$HOME/.vscode-server/cli" 2>/dev/null')).toBe('');
	});
});
