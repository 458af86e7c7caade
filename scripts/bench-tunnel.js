// Measures the tunnel beside OpenSSH's `ssh -L` in one run on loopback, against one sshd, and prints the figures; asserts nothing.
// usage: node scripts/bench-tunnel.js [throughput] [many] [latency] [freeze] [idle]    all without any
import {spawn, spawnSync} from 'node:child_process';
import {mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {connect, createServer} from 'node:net';
import {tmpdir, userInfo} from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {bundle} from './bundle.js';
import {mb, ms, pause, quantile, say} from './figures.js';
import {frugal, root} from './session.js';

const host = '127.0.0.1';
const mib = 1024 * 1024;
const ends = [];

const listen = async (onSocket, port = 0) => {
	const server = createServer({allowHalfOpen: true}, socket => {
		socket.on('error', () => socket.destroy());
		onSocket(socket);
	});
	await new Promise(resolve => server.listen({port, host, backlog: 4096}, resolve));
	ends.push(() => server.close());
	return server.address().port;
};

const freePort = async () => {
	const server = createServer();
	await new Promise(resolve => server.listen(0, host, resolve));
	const {port} = server.address();
	await new Promise(resolve => server.close(resolve));
	return port;
};

const untilOpen = async port => {
	for (;;) {
		const isOpen = await new Promise(resolve => {
			const socket = connect(port, host, () => resolve(true)).on('error', () => resolve(false));
			socket.once('close', () => undefined);
			setTimeout(() => socket.destroy(), 50);
		});
		if (isOpen) {
			return;
		}

		await pause(50);
	}
};

const startSshd = async folder => {
	const key = name => {
		spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path.join(folder, name)]);
		return path.join(folder, name);
	};

	const [hostKey, identity, port] = [key('host'), key('identity'), await freePort()];
	const lines = [
		`ListenAddress ${host}`,
		`Port ${port}`,
		`HostKey ${hostKey}`,
		`AuthorizedKeysFile ${identity}.pub`,
		'StrictModes no',
		'UsePAM no',
		'PidFile none',
		'PermitRootLogin yes',
		'',
	];
	writeFileSync(path.join(folder, 'config'), lines.join('\n'));
	if (process.getuid() === 0) {
		mkdirSync('/run/sshd', {recursive: true, mode: 0o755});
	}

	const server = spawn('/usr/sbin/sshd', ['-D', '-f', path.join(folder, 'config')], {stdio: 'ignore'});
	ends.push(() => server.kill());
	await untilOpen(port);
	return {
		identity,
		destination: {
			host,
			port,
			user: userInfo().username,
			privateKey: readFileSync(identity, 'utf8'),
			hostKeys: [readFileSync(`${hostKey}.pub`, 'utf8').trim()],
		},
	};
};

const startTunnel = async (file, destination, ports) => {
	const child = spawn(process.execPath, [frugal, file, JSON.stringify({destination, ports})], {
		stdio: ['pipe', 'pipe', 'inherit'],
	});
	ends.push(() => child.stdin.end());
	const states = [];
	child.stdout.setEncoding('utf8').on('data', text => {
		for (const line of text.split('\n').filter(Boolean)) {
			states.push({at: performance.now(), ...JSON.parse(line)});
		}
	});
	const until = async status => {
		while (states.at(-1)?.status !== status) {
			await pause(2);
		}

		return states.at(-1);
	};

	await until('up');
	return {child, states, until};
};

const startSsh = async ({destination, identity}, ports) => {
	const options = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'LogLevel=ERROR', 'IdentitiesOnly=yes'];
	const child = spawn(
		'ssh',
		[
			...['-N', '-F', 'none', '-i', identity, '-p', destination.port, `${destination.user}@${host}`].map(String),
			...options.flatMap(option => ['-o', option]),
			...ports.flatMap(([local, remote]) => ['-L', `${host}:${local}:${host}:${remote}`]),
		],
		{stdio: ['ignore', 'ignore', 'inherit']},
	);
	ends.push(() => child.kill());
	await untilOpen(ports[0][0]);
	return {child};
};

/** Reads all that comes from a port; bytes per second. */
const download = async port => {
	let bytes = 0;
	const started = performance.now();
	await new Promise((resolve, reject) => {
		const onread = {buffer: Buffer.allocUnsafe(256 * 1024), callback: count => ((bytes += count), true)};
		connect({port, host, onread}).on('end', resolve).on('error', reject);
	});
	return (bytes * 1000) / (performance.now() - started);
};

const piece = Buffer.alloc(mib);

/** Writes `size` bytes into a socket, as fast as it takes them, and ends it. */
const pour = (socket, size) => {
	let left = size / mib;
	const write = () => {
		while (left > 0) {
			left--;
			if (!socket.write(piece)) {
				socket.once('drain', write);
				return;
			}
		}

		socket.end();
	};

	write();
};

/** Sends `size` bytes to a port whose server answers with their end; bytes per second. */
const upload = async (port, size) => {
	const started = performance.now();
	await new Promise((resolve, reject) => {
		const socket = connect({port, host, allowHalfOpen: true}).on('end', resolve).on('error', reject);
		socket.resume();
		pour(socket, size);
	});
	return (size * 1000) / (performance.now() - started);
};

const roundTrip = async (port, data) =>
	new Promise((resolve, reject) => {
		const pieces = [];
		const socket = connect({port, host, allowHalfOpen: true});
		socket.on('data', piece => pieces.push(piece));
		socket.on('end', () => resolve(Buffer.concat(pieces).equals(data)));
		socket.on('error', reject);
		socket.end(data);
	});

const latencies = async (port, rounds = 1500) => {
	const socket = connect({port, host, noDelay: true});
	await new Promise(resolve => socket.once('connect', resolve));
	const times = [];
	for (let round = 0; round < rounds; round++) {
		const started = performance.now();
		socket.write('x');
		await new Promise(resolve => socket.once('data', resolve));
		times.push(performance.now() - started);
	}

	socket.destroy();
	// The first ones pay for what is compiled and opened only then.
	return times.slice(100);
};

const size = 512 * mib;
const rate = values => `${(quantile(values, 0.5) / mib).toFixed(0)} MB/s`;

/** A server of each kind, and the local ports at which the tunnel and `ssh -L` lead to them. */
const lay = async (sshd, file) => {
	const source = await listen(socket => pour(socket, size));
	const sink = await listen(socket => socket.resume().on('end', () => socket.end()));
	const echo = await listen(socket => socket.setNoDelay(true).pipe(socket));
	const servers = {source, sink, echo};
	const here = async () => {
		const entries = [];
		for (const name of Object.keys(servers)) {
			entries.push([name, await freePort()]);
		}

		return Object.fromEntries(entries);
	};

	const pairs = ports => Object.entries(ports).map(([name, local]) => [local, servers[name]]);
	const [ours, theirs] = [await here(), await here()];
	const tunnel = await startTunnel(file, sshd.destination, pairs(ours));
	const ssh = await startSsh(sshd, pairs(theirs));
	return {servers, ours, theirs, tunnel, ssh};
};

const ticks = ({pid}) => {
	const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
	return Number(fields[11]) + Number(fields[12]);
};

const parts = {
	async throughput({ours, theirs}) {
		for (const [what, act] of [
			['download', async ports => download(ports.source)],
			['upload', async ports => upload(ports.sink, size)],
		]) {
			const [own, other] = [[], []];
			for (let round = 0; round < 5; round++) {
				own.push(await act(ours));
				other.push(await act(theirs));
			}

			say(`tunnel: ${what} of 512 MB`, `${rate(own)}, ssh -L ${rate(other)} (5 each, by turns)`);
		}
	},
	async many({ours, theirs}) {
		const data = Buffer.alloc(20_000, 'many');
		for (const [what, ports] of [
			['tunnel', ours],
			['ssh -L', theirs],
		]) {
			const started = performance.now();
			const answers = await Promise.allSettled(Array.from({length: 500}, async () => roundTrip(ports.echo, data)));
			const whole = answers.filter(({value}) => value === true).length;
			say(`${what}: 500 connections at once`, `${whole} whole, ${ms(performance.now() - started)}`);
		}
	},
	async latency({servers, ours, theirs}) {
		const [direct, own, other] = [[], [], []];
		for (let round = 0; round < 3; round++) {
			direct.push(...(await latencies(servers.echo)));
			own.push(...(await latencies(ours.echo)));
			other.push(...(await latencies(theirs.echo)));
		}

		const added = values => `${(quantile(values, 0.5) - quantile(direct, 0.5)).toFixed(2)} ms`;
		say('tunnel: added to a round trip, median', `${added(own)}, ssh -L ${added(other)}`);
	},
	async freeze({servers, sshd, file}) {
		const joined = new Set();
		let frozen = false;
		const proxy = await listen(near => {
			const far = connect({port: sshd.destination.port, host, allowHalfOpen: true});
			far.on('error', () => near.destroy());
			for (const [from, to] of [
				[near, far],
				[far, near],
			]) {
				from.on('data', piece => to.write(piece));
				from.on('close', () => to.destroy());
				joined.add(from);
				if (frozen) {
					from.pause();
				}
			}
		});
		const local = await freePort();
		const tunnel = await startTunnel(file, {...sshd.destination, port: proxy}, [[local, servers.echo]]);
		const [noticed, served] = [[], []];
		for (let round = 0; round < 3; round++) {
			// At another moment between two keepalives each time.
			await pause(2000 + round * 1500);
			frozen = true;
			joined.forEach(socket => socket.pause());
			const started = performance.now();
			noticed.push((await tunnel.until('waiting')).at - started);
			const answer = roundTrip(local, Buffer.from('held'));
			await pause(6000);
			frozen = false;
			joined.forEach(socket => socket.resume());
			const thawed = performance.now();
			await answer;
			served.push(performance.now() - thawed);
		}

		say('tunnel: a freeze is noticed after', `${noticed.map(ms).join(', ')} (up to 5 s until the next keepalive, and 4 s)`);
		say('tunnel: ports serve again after the thaw', served.map(ms).join(', '));
	},
	async idle({tunnel, ssh}) {
		if (process.platform === 'linux') {
			const from = [ticks(tunnel.child), ticks(ssh.child)];
			await pause(20_000);
			const share = (child, before) => `${((ticks(child) - before) / 20).toFixed(2)} %`;
			const resident = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${tunnel.child.pid}/status`, 'utf8'))[1]) * 1024;
			say(
				'tunnel: share of a core while it waits',
				`${share(tunnel.child, from[0])}, ssh -L ${share(ssh.child, from[1])}; ${mb(resident)} resident`,
			);
		}
	},
};

if (spawnSync('/usr/sbin/sshd', ['-?'], {stdio: 'ignore'}).error || spawnSync('ssh', ['-V'], {stdio: 'ignore'}).error) {
	say('tunnel', 'not measured: OpenSSH’s server and client are not both here');
} else {
	const folder = mkdtempSync(path.join(tmpdir(), 'bench-tunnel-'));
	const file = path.join(root, 'dist', `bench-tunnel-${process.pid}.mjs`);
	try {
		await bundle(file, {entryPoints: [path.join(root, 'test/bench/tunnel.ts')]});
		const sshd = await startSshd(folder);
		const laid = await lay(sshd, file);
		const wanted = process.argv.slice(2);
		for (const part of wanted.length > 0 ? wanted : Object.keys(parts)) {
			await parts[part]({...laid, sshd, file});
		}
	} finally {
		for (const end of ends.toReversed()) {
			end();
		}

		rmSync(file, {force: true});
		rmSync(folder, {recursive: true, force: true});
	}

	process.exit();
}
