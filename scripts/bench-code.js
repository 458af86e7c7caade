// Measures how code gets onto a machine, against the same done by hand, over OpenSSH's server on this machine; prints the figures and asserts
// nothing, since machines differ.
// usage: node scripts/bench-code.js
import {createCipheriv} from 'node:crypto';
import {execFileSync, spawn, spawnSync} from 'node:child_process';
import {mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:net';
import {tmpdir, userInfo} from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {pathToFileURL} from 'node:url';
import {bundle} from './bundle.js';
import {mb, ms, pause, quantile, say} from './figures.js';
import {root} from './session.js';

const files = Number(process.env['FILES'] ?? 10_000);
const size = Number(process.env['MEGABYTES'] ?? 200) * 1024 * 1024;
const rounds = Number(process.env['ROUNDS'] ?? 3);

const git = (folder, ...args) =>
	execFileSync('git', ['-c', 'user.name=A', '-c', 'user.email=a@example.org', '-c', 'init.defaultBranch=main', ...args], {
		cwd: folder,
		env: {...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null'},
		maxBuffer: 1e9,
	});

/** Bytes that are the same each time: half of each file is noise, half is text that packs well. */
const makeRepository = folder => {
	mkdirSync(folder, {recursive: true});
	git(folder, 'init', '-q');
	// What has gathered would be packed in the background, in the middle of a measurement.
	git(folder, 'config', 'gc.auto', '0');
	const noise = createCipheriv('aes-128-ctr', Buffer.alloc(16, 1), Buffer.alloc(16));
	const average = size / files;
	for (let index = 0; index < files; index++) {
		const length = Math.round(average * (0.5 + (index % 101) / 100));
		const random = noise.update(Buffer.alloc(length >> 1));
		const text = Buffer.from(`const value${index} = compute(${index}, 'some text');\n`.repeat(length / 40)).subarray(
			0,
			length >> 1,
		);
		const name = path.join(folder, `part${index % 100}`, `group${index % 7}`, `file${index}.bin`);
		mkdirSync(path.dirname(name), {recursive: true});
		writeFileSync(name, Buffer.concat([random, text]));
	}

	git(folder, 'add', '.');
	git(folder, 'commit', '-qm', 'first');
	for (let index = 0; index < 50; index++) {
		writeFileSync(path.join(folder, `part${index}`, `group${index % 7}`, `file${index}.bin`), `second ${index}\n`);
		git(folder, 'commit', '-qam', `change ${index}`);
	}

	for (let index = 0; index < 20; index++) {
		writeFileSync(path.join(folder, `part${index}`, `group${index % 7}`, `file${index}.bin`), 'changed\n');
		writeFileSync(path.join(folder, `new${index}`), 'untracked\n');
	}
};

const freePort = async () => {
	const server = createServer();
	await new Promise(resolve => {
		server.listen(0, '127.0.0.1', resolve);
	});
	const {port} = server.address();
	await new Promise(resolve => {
		server.close(resolve);
	});
	return port;
};

const startServer = async folder => {
	const port = await freePort();
	const key = name => {
		const file = path.join(folder, name);
		execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file]);
		return file;
	};

	const [hostKey, identity] = [key('host_key'), key('identity')];
	writeFileSync(path.join(folder, 'authorized_keys'), readFileSync(`${identity}.pub`), {mode: 0o600});
	const config = path.join(folder, 'sshd_config');
	const lines = [
		'ListenAddress 127.0.0.1',
		`Port ${port}`,
		`HostKey ${hostKey}`,
		`AuthorizedKeysFile ${path.join(folder, 'authorized_keys')}`,
		...['StrictModes no', 'UsePAM no', 'PasswordAuthentication no', 'PidFile none', 'PermitRootLogin yes', ''],
	];
	writeFileSync(config, lines.join('\n'));
	if (process.getuid?.() === 0) {
		mkdirSync('/run/sshd', {recursive: true, mode: 0o755});
	}

	const server = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', config], {stdio: 'ignore', detached: true});
	while (spawnSync('ssh-keyscan', ['-p', String(port), '127.0.0.1'], {stdio: 'ignore'}).status !== 0) {
		await pause(50);
	}

	const user = userInfo().username;
	const options = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'LogLevel=ERROR']
		.map(each => `-o ${each}`)
		.join(' ');
	return {
		ssh: `ssh -F none -i ${identity} -p ${port} ${options} ${user}@127.0.0.1`,
		destination: {
			host: '127.0.0.1',
			port,
			user,
			privateKey: readFileSync(identity, 'utf8'),
			hostKeys: [readFileSync(`${hostKey}.pub`, 'utf8')],
		},
		stop: () => process.kill(-server.pid, 'SIGKILL'),
	};
};

/** The program's own parts, as one module. */
const loadTransport = async folder => {
	const outfile = path.join(folder, 'transport.mjs');
	await bundle(outfile, {
		stdin: {
			contents: `export {copyCode} from './source/environment/code/upload.js'; export {connect} from './source/tunnel/connection/connection.js';`,
			resolveDir: root,
			loader: 'ts',
		},
	});
	return import(pathToFileURL(outfile).href);
};

const timed = async act => {
	const started = performance.now();
	await act();
	return performance.now() - started;
};

const measure = async (what, folder, server, {connect, copyCode}) => {
	const there = path.join(path.dirname(folder), 'there');
	const fresh = () => {
		rmSync(there, {recursive: true, force: true});
		mkdirSync(there);
	};

	const times = {hand: [], ours: [], checkout: [], again: []};
	let note = '';
	const context = round => ({
		workspace: path.join(there, 'workspace'),
		stateFolder: path.join(there, 'state'),
		intentId: `bench-${round}`,
	});
	const ours = async (round, options) => {
		const link = await connect(server.destination, globalThis.AbortSignal.timeout(60_000));
		try {
			({note} = await copyCode(link, folder, context(round), () => undefined, undefined, {fetch: false, ...options}));
		} finally {
			link.close();
		}
	};

	for (let round = 0; round < rounds; round++) {
		fresh();
		times.hand.push(
			await timed(() => {
				const line = `git bundle create -q - --all | ${server.ssh} 'cd ${there} && cat > b && git clone -q b w' && tar -c --exclude=./.git . | ${server.ssh} 'tar -xC ${there}/w'`;
				execFileSync('sh', ['-c', line], {cwd: folder, stdio: 'ignore'});
			}),
		);
		fresh();
		times.ours.push(await timed(async () => ours(round, {checkout: false})));
		const sent = note;
		if (git(path.join(there, 'workspace'), 'status', '--porcelain').compare(git(folder, 'status', '--porcelain')) !== 0) {
			throw new Error('what arrived is not the same');
		}

		times.again.push(await timed(async () => ours(round)));
		fresh();
		times.checkout.push(await timed(async () => ours(round)));
		note = round === rounds - 1 ? `${sent} / ${note}` : note;
	}

	const show = each => `p50 ${ms(quantile(each, 0.5))} (${each.map(time => ms(time)).join(', ')})`;
	say(`code by hand, ${what}`, show(times.hand));
	say(`code by us, every byte sent, ${what}`, show(times.ours));
	say(`code by us, ${what}`, show(times.checkout));
	say(`second attach, ${what}`, show(times.again));
	say('every byte sent / as usual', note);
};

const folder = mkdtempSync(path.join(root, 'dist', 'bench-code-'));
const keys = mkdtempSync(path.join(tmpdir(), 'bench-sshd-'));
const server = await startServer(keys);
try {
	const transport = await loadTransport(folder);
	const repository = path.join(folder, 'here');
	makeRepository(repository);
	say('repository', `${files} files, ${mb(size)}`);
	await measure('loose objects', repository, server, transport);
	git(repository, '-c', 'pack.window=2', 'gc', '-q');
	await measure('packed', repository, server, transport);
} finally {
	server.stop();
	rmSync(folder, {recursive: true, force: true});
	rmSync(keys, {recursive: true, force: true});
}
