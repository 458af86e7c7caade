import type {Duplex} from 'node:stream';
import type Docker from 'dockerode';
import {systemClock} from '../../../system/clock.js';
import {type ExecOptions, type ExecResult, feed, gather, idleDefault, type Link} from '../../../system/link.js';
import {messageOf} from '../../../system/problem.js';
import {neutraliseLine} from '../../../system/terminal-text.js';

const lost = 'the container stopped, or the engine went away';

/** Commands as root in a running container, by the engine's \`exec\`: no SSH server is needed there. */
export function openExecLink(docker: Docker, id: string): Link {
	const ended = new AbortController();
	const waiting = new AbortController();
	const closed = untilStopped(docker, id, waiting.signal).then(reason => {
		ended.abort(reason ?? new Error('the link is closed'));
		return reason;
	});
	return {
		closed,
		close() {
			waiting.abort();
		},
		async exec(command, options = {}) {
			ended.signal.throwIfAborted();
			const signal = options.signal ? AbortSignal.any([options.signal, ended.signal]) : ended.signal;
			signal.throwIfAborted();
			return run(docker, id, command, options, signal);
		},
	};
}

/** Undefined when the wait itself is ended. Never rejects. */
async function untilStopped(docker: Docker, id: string, signal: AbortSignal): Promise<Error | undefined> {
	return new Promise(resolve => {
		docker.modem.dial(
			{path: `/containers/${id}/wait`, method: 'POST', abortSignal: signal, statusCodes: {200: true}},
			(error: Error | null) => {
				resolve(signal.aborted ? undefined : new Error(error ? messageOf(error) : lost));
			},
		);
	});
}

async function run(docker: Docker, id: string, command: string, options: ExecOptions, signal: AbortSignal): Promise<ExecResult> {
	const exec = await docker.getContainer(id).exec({
		Cmd: ['sh', '-c', command],
		User: '0',
		AttachStdin: true,
		AttachStdout: true,
		AttachStderr: true,
	});
	const stream = await exec.start({hijack: true, stdin: true});
	const {start, ...output} = await follow(docker, stream, options, signal);
	const code = await exitCode(exec, signal);
	await refuseEnd(docker, id, code, start);
	return {code, ...output};
}

/** A command that ended with its container, or never began, has no exit code of its own. */
async function refuseEnd(docker: Docker, id: string, code: number, start: string): Promise<void> {
	const neverBegan = code === 126 && start.startsWith('OCI runtime exec failed');
	if (!neverBegan && code !== 137) {
		return;
	}

	// The engine reports that a command was killed before it reports that its whole container was.
	for (let turn = 0; turn < 10; turn++) {
		const {State} = await docker.getContainer(id).inspect();
		if (!State.Running || neverBegan) {
			throw new Error(State.Running ? neutraliseLine(start.trim()) : lost);
		}

		await systemClock.sleep(200);
	}
}

/** Feeds the command and gathers what it says until its output ends; without an end of its input, many a command would never end. */
async function follow(
	docker: Docker,
	stream: Duplex,
	{stdin, onOutput, idleLimit = idleDefault}: ExecOptions,
	signal: AbortSignal,
): Promise<Omit<ExecResult, 'code'> & {readonly start: string}> {
	let start = '';
	const books = {stdout: gather(), stderr: gather()};
	return new Promise((resolve, reject) => {
		let timer: NodeJS.Timeout | undefined;
		const settle = (act: () => void) => {
			clearTimeout(timer);
			signal.removeEventListener('abort', onAbort);
			stream.destroy();
			act();
		};

		const fail = (error: Error) => settle(() => reject(error));
		const onAbort = () => fail(signal.reason as Error);
		const alive = () => {
			clearTimeout(timer);
			if (idleLimit > 0) {
				timer = setTimeout(() => fail(new Error(`no answer in ${idleLimit / 1000} s`)), idleLimit);
			}
		};

		const take = (name: 'stdout' | 'stderr') =>
			({
				write(piece: Buffer) {
					alive();
					start = start === '' ? piece.toString('utf8', 0, 300) : start;
					if (onOutput) {
						onOutput(piece, name);
					} else {
						books[name].add(piece);
					}

					return true;
				},
			}) as unknown as NodeJS.WritableStream;

		signal.addEventListener('abort', onAbort, {once: true});
		alive();
		docker.modem.demuxStream(stream, take('stdout'), take('stderr'));
		stream.on('drain', alive);
		stream.once('error', fail);
		stream.once('end', () => settle(() => resolve({start, stdout: books.stdout.text(), stderr: books.stderr.text()})));
		stream.once('close', () => fail(new Error(lost)));
		feed(stream, stdin, fail);
	});
}

/** The engine reports the end a moment after the output's. */
async function exitCode(exec: Docker.Exec, signal: AbortSignal): Promise<number> {
	for (let turn = 0; turn < 100; turn++) {
		const {Running, ExitCode} = await exec.inspect();
		if (!Running) {
			if (typeof ExitCode === 'number') {
				return ExitCode;
			}

			break;
		}

		await systemClock.sleep(Math.min(10 * 2 ** turn, 200), signal);
	}

	throw new Error(lost);
}
