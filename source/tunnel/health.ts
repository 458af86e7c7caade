import type {Duplex} from 'node:stream';
import type {Clock} from '../system/clock.js';
import type {Connection} from './connection.js';

const interval = 5000;

/**
Measures the round trip of a connection with a byte that comes back from the instance, so that it tells of the environment and not
only of the network. Reports milliseconds; `lost` is called once when an answer stays out for 45 s.
*/
export function watchHealth(
	connection: Connection,
	clock: Clock,
	report: (latency: number) => void,
	lost: () => void,
): () => void {
	let echo: Duplex | undefined;
	let sentAt: number | undefined;
	let stopped = false;

	const ping = () => {
		if (!echo || stopped) {
			return;
		}

		if (sentAt === undefined) {
			sentAt = performance.now();
			echo.write('\n');
		} else if (performance.now() - sentAt > 45_000) {
			stop();
			lost();
		}
	};

	const stop = () => {
		stopped = true;
		stopTicking();
		echo?.end();
	};

	const stopTicking = clock.every(interval, ping);
	void connection.openCommand('exec cat').then(
		stream => {
			if (stopped) {
				stream.end();
				return;
			}

			echo = stream;
			stream.on('error', stop);
			stream.on('data', () => {
				if (sentAt !== undefined) {
					report(performance.now() - sentAt);
					sentAt = undefined;
				}
			});
			ping();
		},
		() => {
			// A link that cannot open a channel is about to close, and says so itself.
			stop();
		},
	);
	return stop;
}
