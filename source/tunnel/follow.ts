import type {Duplex} from 'node:stream';
import {messageOf} from '../system/problem.js';
import {viaSh} from '../system/shell.js';
import type {Connection} from './connection.js';

const longestLine = 64 * 1024;

/**
The start of a script that goes on for as long as somebody listens: an SSH server leaves a command that says nothing running when its
channel ends, so one process waits for the end of its input.
*/
export const untilClosed = ['exec 3<&0 </dev/null', '{ cat <&3 >/dev/null 2>&1; kill $$ 2>/dev/null; } &', 'exec 3<&-'].join(
	'\n',
);

/**
Runs a script over a connection and tells each line that it prints, whatever is in it, until it ends, the connection is over or the
returned function is called. `onTrouble` is told once when it could not be started or ended by itself.
*/
export function followScript(
	connection: Connection,
	script: string,
	onLine: (line: string) => void,
	onTrouble: (message: string) => void,
): () => void {
	let stream: Duplex | undefined;
	let stopped = false;
	const stop = () => {
		stopped = true;
		stream?.destroy();
		stream?.resume();
	};

	void connection.closed.then(() => {
		stopped = true;
	});
	connection.openCommand(viaSh(`${untilClosed}\n${script}`)).then(
		opened => {
			stream = opened;
			if (stopped) {
				stop();
				return;
			}

			let rest = '';
			opened.setEncoding('utf8');
			opened.on('error', () => undefined);
			opened.on('data', (piece: string) => {
				const lines = (rest + piece).split('\n');
				rest = (lines.pop() ?? '').slice(-longestLine);
				for (const line of lines) {
					if (!stopped) {
						onLine(line);
					}
				}
			});
			opened.once('end', () => {
				if (!stopped) {
					stopped = true;
					onTrouble('it ended by itself');
				}
			});
		},
		(error: unknown) => {
			if (!stopped) {
				onTrouble(messageOf(error));
			}
		},
	);
	return stop;
}
