import {type ChildProcess, spawn} from 'node:child_process';
import {existsSync} from 'node:fs';
import {constants} from 'node:os';
import process from 'node:process';
import type {PseudoTtyInfo, ServerChannel, Session} from 'ssh2';
import {loginShell, sessionEnvironment, sessionFolder, shellArguments} from './environment.js';
import type {ServerOptions} from './options.js';
import {serveTerminal, type Terminal} from './terminal.js';

const sftpServers = [
	'/usr/lib/openssh/sftp-server',
	'/usr/libexec/openssh/sftp-server',
	'/usr/libexec/sftp-server',
	'/usr/lib/ssh/sftp-server',
	'/usr/lib/sftp-server',
];

/** The system's `sftp-server`, where there is one. */
export const findSftpServer = (): string | undefined => sftpServers.find(file => existsSync(file));

const signalOf = (name: string): NodeJS.Signals | undefined => {
	const signal = (name.startsWith('SIG') ? name : `SIG${name}`) as NodeJS.Signals;
	return signal in constants.signals ? signal : undefined;
};

/** Serves what one client asks of one session: variables, a terminal, then one of command, shell or SFTP. */
export function serveSession(session: Session, options: ServerOptions): void {
	const requested: Record<string, string> = {};
	let size: PseudoTtyInfo | undefined;
	let terminal: Terminal | undefined;
	let child: ChildProcess | undefined;
	let isTerminalMissing = false;

	const where = () => ({
		cwd: sessionFolder(options.places),
		env: sessionEnvironment(options, requested),
	});

	const run = (channel: ServerChannel, command: string | undefined) => {
		const shell = loginShell();
		const args = command === undefined ? shellArguments(options.places.state, shell, size !== undefined) : ['-c', command];
		if (size && options.pty) {
			terminal = serveTerminal(channel, options.pty, {shell, args, size, ...where()});
			return;
		}

		if (isTerminalMissing) {
			channel.stderr.write('No pseudo-terminal: the optional package @lydell/node-pty is not there. This is a plain shell.\n');
		}

		child = serveCommand(channel, shell, args, where());
	};

	session.on('env', (accept, _reject, {key, val}: {key: string; val: string}) => {
		requested[key] = val;
		accept?.();
	});
	session.on('pty', (accept, reject, info) => {
		if (!options.pty) {
			// The client keeps its own terminal in line mode then, so that what is typed can be seen and mended.
			isTerminalMissing = true;
			reject?.();
			return;
		}

		size = info;
		const {term} = info as PseudoTtyInfo & {term?: string};
		requested['TERM'] = term && /^[\w.+-]+$/.test(term) ? term : 'xterm-256color';
		accept?.();
	});
	session.on('window-change', (accept, _reject, {cols, rows}) => {
		size &&= {...size, cols, rows};
		terminal?.resize(cols, rows);
		accept?.();
	});
	session.on('signal', (accept, _reject, {name}: {name: string}) => {
		const signal = signalOf(name);
		if (signal) {
			terminal?.kill(signal);
			killGroup(child, signal);
		}

		accept?.();
	});
	session.on('shell', accept => run(accept(), undefined));
	session.on('exec', (accept, _reject, {command}) => run(accept(), command));
	session.on('subsystem', (accept, reject, {name}) => {
		const server = name === 'sftp' ? findSftpServer() : undefined;
		if (server) {
			child = serveCommand(accept() as unknown as ServerChannel, server, [], where());
		} else {
			reject();
		}
	});
}

function killGroup(child: ChildProcess | undefined, signal: NodeJS.Signals): void {
	if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) {
		return;
	}

	try {
		process.kill(-child.pid, signal);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== 'ESRCH') {
			throw error;
		}
	}
}

/** A command on pipes, as sshd runs one: its output ends when all who hold it have ended, and a client that goes takes only the pipes. */
function serveCommand(
	channel: ServerChannel,
	file: string,
	args: readonly string[],
	where: {cwd: string; env: Record<string, string>},
): ChildProcess {
	const child = spawn(file, args, {...where, detached: true, stdio: 'pipe'});
	child.on('error', error => {
		channel.stderr.write(`${error.message}\n`);
		channel.exit(127);
		channel.end();
	});
	channel.on('error', () => channel.destroy());
	// A reader that is gone ends the pipe and not us.
	child.stdin.on('error', () => undefined);
	channel.pipe(child.stdin);
	child.stdout.pipe(channel, {end: false});
	child.stderr.pipe(channel.stderr, {end: false});
	child.on('close', (code, signal) => {
		if (signal) {
			channel.exit(signal.replace(/^SIG/, ''), false, '');
		} else {
			channel.exit(code ?? 0);
		}

		channel.end();
	});
	channel.on('close', () => {
		child.stdin.destroy();
		child.stdout.destroy();
		child.stderr.destroy();
	});
	return child;
}
