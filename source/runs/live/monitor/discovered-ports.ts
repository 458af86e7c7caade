import {messageOf} from '../../../system/problem.js';
import {type ListeningPort, watchListening} from '../../../tunnel/observe/listening-ports.js';
import type {Tunnel} from '../../../tunnel/tunnel.js';
import type {RunContext} from '../../context.js';
import type {RunRecord} from '../../journal/record.js';

/** How often the setting is read while it cannot have mattered, looks. */
const readEvery = 10;

/**
Ports that start to listen inside a ready environment. They are offered, forwarded at once, or not looked for, as the setting says. What is
no news is written down: who attaches later is offered what started meanwhile. One that stops listening is no longer offered; a forward that
leads there stays.
*/
export class NoticedPorts {
	readonly #context: RunContext;
	readonly #record: RunRecord;
	readonly #tunnel: Tunnel;
	readonly #forward: (port: ListeningPort) => Promise<unknown>;
	readonly #dismissed = new Set<number>();
	readonly #underWay = new Set<number>();
	/** Those that were forwarded because of the setting. */
	readonly #taken = new Set<number>();
	#news: readonly ListeningPort[] = [];
	#known: ReadonlySet<number> | undefined;
	#stop: (() => void) | undefined;
	#looks = 0;
	#isTroubled = false;

	constructor(context: RunContext, record: RunRecord, tunnel: Tunnel, forward: (port: ListeningPort) => Promise<unknown>) {
		this.#context = context;
		this.#record = record;
		this.#tunnel = tunnel;
		this.#forward = forward;
	}

	/** Those that lead nowhere yet, and that nobody has dismissed. */
	get offered(): readonly ListeningPort[] {
		const {ports, reverse} = this.#record.known;
		return this.#news.filter(
			({port}) =>
				!this.#dismissed.has(port) && !ports.some(({remote}) => remote === port) && !reverse.some(({remote}) => remote === port),
		);
	}

	/** Begins to look or ends it, as the run and the setting want; about once a second. */
	look(): void {
		if (!this.#isPossible()) {
			this.#looks = 0;
			this.#end();
			return;
		}

		if (this.#looks++ % readEvery === 0 || this.#offersNow()) {
			if (this.#policy() === 'never') {
				this.#end();
			} else {
				this.#begin();
				this.#takeAll();
			}
		}
	}

	/** Leaves one alone until it starts to listen anew. */
	dismiss(remote: number): void {
		if (this.#news.some(({port}) => port === remote)) {
			this.#dismissed.add(remote);
			this.#write();
			this.#record.changed();
		}
	}

	#policy() {
		return this.#context.forwardPorts?.() ?? 'ask';
	}

	#offersNow(): boolean {
		return this.#news.length > 0 && this.offered.length > 0;
	}

	/** Another program than the owner cannot know what is no news before that one has written it down. */
	#isPossible(): boolean {
		const {phase, sharesNetwork, portsKnown} = this.#record.known;
		return phase === 'ready' && !sharesNetwork && (this.#record.owned || portsKnown !== undefined);
	}

	#begin(): void {
		this.#stop ??= this.#tunnel.whileUp(connection => {
			const {portsKnown} = this.#record.known;
			const before = this.#known ?? (portsKnown && new Set(portsKnown));
			return watchListening(connection, ports => this.#onChange(ports), {
				before: before && new Set([...before, ...this.#dismissed]),
				onBefore: ports => {
					this.#known = ports;
					this.#write();
				},
				onTrouble: message => {
					if (!this.#isTroubled) {
						this.#isTroubled = true;
						this.#record.note(`ports that start to listen there are not noticed: ${message}`);
					}
				},
			});
		});
	}

	#end(): void {
		this.#stop?.();
		this.#stop = undefined;
		if (this.#news.length > 0) {
			this.#news = [];
			this.#record.changed();
		}

		if (this.#record.known.portsKnown === undefined) {
			// Another instance, of which nothing is known.
			this.#known = undefined;
		}
	}

	#write(): void {
		if (this.#known) {
			const ports = [...new Set([...this.#known, ...this.#dismissed])].sort((a, b) => a - b);
			if (JSON.stringify(ports) !== JSON.stringify(this.#record.known.portsKnown)) {
				this.#record.jot({type: 'ports-known', ports});
			}
		}
	}

	#onChange(ports: readonly ListeningPort[]): void {
		const before = new Set(this.#news.map(({port}) => port));
		const now = new Set(ports.map(({port}) => port));
		this.#news = ports;
		for (const port of before) {
			if (!now.has(port)) {
				this.#onEnded(port);
			}
		}

		const isAlways = this.#record.owned && this.#policy() === 'always';
		for (const {port, process} of this.offered) {
			if (!before.has(port) && !isAlways) {
				this.#record.tell({type: 'port-offered', remote: port, process});
			}
		}

		this.#takeAll();
		this.#record.changed();
	}

	#onEnded(port: number): void {
		if (this.#dismissed.delete(port)) {
			this.#write();
		}

		if (this.#taken.delete(port) && this.#record.known.ports.some(({remote}) => remote === port)) {
			this.#record.note(`nothing listens at port ${port} there any more; it stays forwarded`);
		}
	}

	#takeAll(): void {
		if (!this.#record.owned || !this.#offersNow() || this.#policy() !== 'always') {
			return;
		}

		for (const listening of this.offered.filter(({port}) => !this.#underWay.has(port))) {
			void this.#take(listening);
		}
	}

	async #take(listening: ListeningPort): Promise<void> {
		const {port} = listening;
		this.#underWay.add(port);
		try {
			await this.#forward(listening);
			this.#taken.add(port);
		} catch (error) {
			// Asked again once a second it would fail as often.
			this.dismiss(port);
			this.#record.note(`port ${port} there could not be forwarded: ${messageOf(error)}`);
		} finally {
			this.#underWay.delete(port);
		}
	}
}
