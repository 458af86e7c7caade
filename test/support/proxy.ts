import {connect, createServer, type AddressInfo, type Server, type Socket} from 'node:net';
import {onTestFinished} from 'vitest';

type Pair = {readonly near: Socket; readonly far: Socket};
/** What a freeze stops: all, or only what goes to the client, or to the server. */
type Way = 'both' | 'near' | 'far';

/**
A bad network in front of a server, for any number of connections. All it does happens to bytes that have arrived here: what is frozen
or delayed is kept, what is dropped is gone.
*/
export class Proxy {
	/** Connections that it took so far. */
	taken = 0;
	port = 0;
	readonly #pairs = new Set<Pair>();
	readonly #stranded = new WeakSet<Pair>();
	readonly #held = new Set<() => void>();
	readonly #server: Server;
	#target: number;
	#frozen: Way | undefined;
	#delay = 0;
	#cut: number | undefined;

	constructor(target: number) {
		this.#target = target;
		this.#server = createServer({allowHalfOpen: true}, near => this.#take(near));
	}

	/** Connections that are open now. */
	get open(): number {
		return this.#pairs.size;
	}

	async listen(port = 0): Promise<void> {
		await new Promise<void>((resolve, reject) => {
			this.#server.once('error', reject);
			this.#server.listen(port, '127.0.0.1', resolve);
		});
		this.port = (this.#server.address() as AddressInfo).port;
	}

	/** Not a byte passes any more (towards one side), and nothing is closed; new connections are taken and hear nothing. */
	freeze(way: Way = 'both'): void {
		this.#frozen = way;
		for (const pair of this.#pairs) {
			this.#hold(pair);
		}
	}

	/** Nothing passes any more over the connections there are, for good, and nothing is closed: so a change of address looks. New ones work. */
	strand(): void {
		for (const pair of this.#pairs) {
			this.#stranded.add(pair);
			pair.near.pause();
			pair.far.pause();
		}
	}

	thaw(): void {
		this.#frozen = undefined;
		for (const {near, far} of [...this.#pairs].filter(pair => !this.#stranded.has(pair))) {
			near.resume();
			far.resume();
		}

		for (const go of this.#held) {
			go();
		}

		this.#held.clear();
	}

	/** Every piece comes so much later, milliseconds each way; their order stays. */
	delay(milliseconds: number): void {
		this.#delay = milliseconds;
	}

	/** Ends every connection at once: `reset` as a firewall does, `end` as a server that is stopped. */
	drop(how: 'reset' | 'end' = 'reset'): void {
		for (const {near, far} of [...this.#pairs]) {
			if (how === 'reset') {
				near.resetAndDestroy();
			} else {
				near.destroySoon();
			}

			far.destroy();
		}
	}

	/** The next connection that carries more than `bytes` towards the client is cut there, in the middle of whatever that is. */
	cutAfter(bytes: number): void {
		this.#cut = bytes;
	}

	/** New connections go to another server; `drop` ends the ones there are. */
	swap(target: number): void {
		this.#target = target;
	}

	/** Nothing listens any more; resolves with the port, at which `listen` opens it again. */
	async refuse(): Promise<number> {
		const closed = new Promise(resolve => this.#server.close(resolve));
		this.drop();
		await closed;
		return this.port;
	}

	async close(): Promise<void> {
		this.#held.clear();
		if (this.#server.listening) {
			await this.refuse();
		}
	}

	#take(near: Socket): void {
		this.taken++;
		near.on('error', () => near.destroy());
		const go = () => {
			if (!near.destroyed) {
				this.#join(near);
			}
		};

		if (this.#frozen === 'both') {
			near.pause();
			this.#held.add(go);
		} else {
			go();
		}
	}

	#join(near: Socket): void {
		const far = connect({port: this.#target, host: '127.0.0.1', allowHalfOpen: true, noDelay: true});
		near.setNoDelay(true);
		const pair = {near, far};
		this.#pairs.add(pair);
		const end = () => {
			this.#pairs.delete(pair);
			near.destroy();
			far.destroy();
		};

		far.on('error', () => near.resetAndDestroy());
		near.on('close', end);
		far.on('close', end);
		const mayPass = (to: Way) => this.#frozen !== 'both' && this.#frozen !== to && !this.#stranded.has(pair);
		this.#pipe(near, far, () => mayPass('far'));
		let left = this.#cut;
		this.#pipe(
			far,
			near,
			() => mayPass('near'),
			piece => {
				left ??= this.#cut;
				if (left === undefined || piece.length < left) {
					left = left === undefined ? undefined : left - piece.length;
					return piece;
				}

				this.#cut = undefined;
				near.end(piece.subarray(0, left));
				far.destroy();
				return undefined;
			},
		);
		this.#hold(pair);
	}

	#hold({near, far}: Pair): void {
		if (this.#frozen === 'both' || this.#frozen === 'far') {
			near.pause();
		}

		if (this.#frozen === 'both' || this.#frozen === 'near') {
			far.pause();
		}
	}

	#pipe(from: Socket, to: Socket, mayPass: () => boolean, pass: (piece: Buffer) => Buffer | undefined = piece => piece): void {
		const later = (act: () => void) => {
			if (this.#delay > 0) {
				setTimeout(act, this.#delay);
			} else {
				act();
			}
		};

		from.on('data', (piece: Buffer) => {
			const passed = pass(piece);
			if (!passed) {
				return;
			}

			later(() => {
				if (!to.destroyed && !to.write(passed)) {
					from.pause();
				}
			});
		});
		to.on('drain', () => {
			if (mayPass()) {
				from.resume();
			}
		});
		from.on('end', () => later(() => to.end()));
	}
}

/** A proxy in front of a port of 127.0.0.1, for one test. */
export async function makeProxy(target: number): Promise<Proxy> {
	const proxy = new Proxy(target);
	await proxy.listen();
	onTestFinished(async () => proxy.close());
	return proxy;
}
