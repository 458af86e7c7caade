import {Readable, Transform} from 'node:stream';
import type {ExecOptions, Link} from '../../source/system/link.js';
import {localLink} from './support.js';

/** A link that dies after so many bytes of what is streamed into it, or soon after so many commands have begun. */
export function mortalLink(home: string, limit: {bytes?: number; commands?: number} = {}) {
	const link = localLink(home);
	const count = {bytes: 0, commands: 0};
	const meter = () =>
		new Transform({
			transform(piece: Buffer, _encoding, done) {
				const room = Math.max(0, (limit.bytes ?? Infinity) - count.bytes);
				count.bytes += Math.min(room, piece.length);
				this.push(piece.subarray(0, room));
				if (piece.length > room) {
					link.lose();
					return;
				}

				done();
			},
		});
	const mortal: Link = {
		...link,
		async exec(command: string, options: ExecOptions = {}) {
			const {stdin} = options;
			const running = link.exec(command, stdin instanceof Readable ? {...options, stdin: stdin.pipe(meter())} : options);
			if (++count.commands === limit.commands) {
				setTimeout(() => link.lose(), Math.random() * 60);
			}

			return running;
		},
	};
	return {link: mortal, count};
}
