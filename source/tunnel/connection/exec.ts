import {constants} from 'node:os';
import type {Client, ClientChannel} from 'ssh2';
import {type ExecOptions, type ExecResult, feed, gather, idleDefault} from '../../system/link.js';

const signalNumber = (name: string): number =>
	constants.signals[(name.startsWith('SIG') ? name : `SIG${name}`) as NodeJS.Signals] ?? 0;

/** Runs one command on a channel of its own and follows it to its exit. */
export async function execOn(client: Client, command: string, options: ExecOptions): Promise<ExecResult> {
	const {onOutput, signal, idleLimit = idleDefault} = options;
	signal?.throwIfAborted();

	return new Promise((resolve, reject) => {
		let channel: ClientChannel | undefined;
		let timer: NodeJS.Timeout | undefined;
		let settled = false;

		const settle = (act: () => void) => {
			if (settled) {
				return;
			}

			settled = true;
			clearTimeout(timer);
			signal?.removeEventListener('abort', onAbort);
			client.off('close', onClose);
			act();
		};

		const fail = (error: Error) => {
			settle(() => {
				reject(error);
				channel?.destroy();
			});
		};

		const onAbort = () => {
			fail(signal?.reason as Error);
		};

		const onClose = () => {
			fail(new Error('the connection was lost'));
		};

		const alive = () => {
			clearTimeout(timer);
			if (idleLimit > 0) {
				timer = setTimeout(() => {
					fail(new Error(`no answer in ${idleLimit / 1000} s`));
				}, idleLimit);
			}
		};

		signal?.addEventListener('abort', onAbort, {once: true});
		client.once('close', onClose);
		alive();
		client.exec(command, (error, opened) => {
			if (error) {
				fail(error);
				return;
			}

			if (settled) {
				opened.destroy();
				return;
			}

			channel = opened;
			const output = gather();
			const errors = gather();
			let code: number | undefined;
			const take = (stream: 'stdout' | 'stderr', book: ReturnType<typeof gather>) => (piece: Buffer) => {
				alive();
				if (onOutput) {
					onOutput(piece, stream);
				} else {
					book.add(piece);
				}
			};

			opened.on('data', take('stdout', output));
			opened.stderr.on('data', take('stderr', errors));
			opened.on('drain', alive);
			opened.on('exit', (exitCode: number | null, signalName?: string) => {
				code = exitCode ?? 128 + signalNumber(signalName ?? '');
			});
			opened.once('error', fail);
			opened.once('close', () => {
				if (code === undefined) {
					fail(new Error('the connection was lost before the command ended'));
					return;
				}

				const result = {code, stdout: output.text(), stderr: errors.text()};
				settle(() => {
					resolve(result);
				});
			});
			feed(opened, options.stdin, fail);
		});
	});
}
