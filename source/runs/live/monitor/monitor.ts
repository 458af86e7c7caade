import {messageOf, Problem} from '../../../system/problem.js';
import type {ListeningPort} from '../../../tunnel/observe/listening-ports.js';
import type {Load} from '../../../tunnel/observe/machine-load.js';
import type {RunContext} from '../../context.js';
import type {AccessWatch} from '../ssh-access.js';
import type {LinkHealth, PortHealth} from '../../model/run-handle.js';
import {SharedCounts} from './shared-counters.js';
import {linkHealth, type Tunnels} from '../../link/tunnels.js';
import {SharedLoad} from './shared-load.js';
import {NoticedPorts} from './discovered-ports.js';
import {answerPortRequests, askForPorts, forwardedAt, isFulfilled, type PortRequest} from './port-requests.js';
import {bindFree, leadsToItself, portTable, reverseTable} from './ports.js';
import type {Owner} from '../../journal/ownership.js';
import type {RunRecord} from '../../journal/record.js';
import {ownerName, quietOwner} from '../../words/wait-words.js';

/**
What leads through a run's tunnel, and what is seen through it. The journal says which ports there are: whoever owns the run carries them,
other programs show them and ask that one for more.
*/
export class Monitor {
	readonly #context: RunContext;
	readonly #record: RunRecord;
	readonly #tunnels: Tunnels;
	readonly #counts: SharedCounts;
	readonly #load: SharedLoad;
	readonly #noticed: NoticedPorts;
	readonly #access: AccessWatch;
	#turn: Promise<unknown> = Promise.resolve();
	#trouble: string | undefined;
	/** The program that carries the ports, where it does not answer. */
	#quiet: Owner | undefined;

	constructor(context: RunContext, record: RunRecord, tunnels: Tunnels, access: AccessWatch) {
		this.#access = access;
		this.#context = context;
		this.#record = record;
		this.#tunnels = tunnels;
		this.#counts = new SharedCounts(context, record);
		this.#load = new SharedLoad(record, tunnels);
		this.#noticed = new NoticedPorts(context, record, tunnels.environment, async ({port, process}) =>
			this.#inTurn(async () => this.#open({act: 'forward', remote: port}, {port, process})),
		);
		record.onEvent(({type}) => {
			if (type === 'created' || type.startsWith('reverse-')) {
				this.#leadReverse();
			}
		});
	}

	/** Binds the run's ports for its owner, who holds them until the tunnel is closed. One that is taken by now moves, which is written down. */
	async bind(): Promise<void> {
		await this.#inTurn(async () => {
			const {forwards} = this.#tunnels.environment;
			for (const {direct, local: wanted, remote} of this.#record.known.ports) {
				if (direct || forwards.stats().some(each => each.local === wanted)) {
					continue;
				}

				const {local, holder} = await bindFree(forwards, {wanted, remote, taken: this.#locals(wanted)});
				if (local !== wanted) {
					await this.#record.append({type: 'port-moved', from: wanted, local, holder});
				}
			}

			this.#leadReverse();
		});
	}

	/** Takes all ports back, for whoever is the owner next. */
	async unbind(): Promise<void> {
		await this.#inTurn(async () => {
			const {forwards, reverse} = this.#tunnels.environment;
			await Promise.all(forwards.stats().map(async ({local}) => forwards.remove(local)));
			for (const {remote} of reverse.stats()) {
				reverse.remove(remote);
			}
		});
	}

	/** An owner that does not answer, or nothing when it does. */
	noteQuiet(owner: Owner | undefined): void {
		this.#quiet = owner;
		this.#record.note(owner === undefined ? 'it is looked after again' : quietOwner(owner));
	}

	/** To be called about once a second: hears what other programs ask for, and looks for what nobody tells. Never rejects. */
	async tend(): Promise<void> {
		try {
			this.#noticed.look();
			if (this.#record.owned) {
				await this.#serveOthers();
			}
		} catch (error) {
			const trouble = messageOf(error);
			if (trouble !== this.#trouble) {
				this.#trouble = trouble;
				this.#record.note(`the ports cannot be looked after as they should: ${trouble}`);
			}
		}
	}

	health(): LinkHealth {
		const {known, owned} = this.#record;
		const link = linkHealth(this.#tunnels, known.guarded);
		const {forwards, reverse} = this.#tunnels.environment;
		const mustAsk = !owned && (known.ports.some(({direct}) => !direct) || known.reverse.length > 0);
		const counts = owned ? {ports: forwards.stats(), reverse: reverse.stats()} : mustAsk ? this.#counts.known : undefined;
		return {
			...link,
			latency: link.latencies.at(-1),
			ports: this.#carried(portTable(known.ports, counts?.ports)),
			offered: this.#noticed.offered,
			reverse: reverseTable(known, counts?.reverse),
			access: this.#access.health,
		};
	}

	#carried(ports: readonly PortHealth[]): readonly PortHealth[] {
		const quiet = this.#record.owned ? undefined : this.#quiet;
		return quiet === undefined
			? ports
			: ports.map(each => (each.direct ? each : {...each, problem: `${ownerName(quiet)}, which carries it, does not answer`}));
	}

	async forward(remote: number, local?: number): Promise<number> {
		refuseNoPort(remote, local ?? remote);
		const there = forwardedAt(this.#record.known, remote, local);
		if (there !== undefined) {
			return there;
		}

		if (this.#record.known.sharesNetwork && (local ?? remote) === remote) {
			throw sameNetworkProblem(remote);
		}

		await this.#change({act: 'forward', remote, local});
		return forwardedAt(this.#record.known, remote, local) ?? remote;
	}

	async unforward(local: number): Promise<void> {
		const port = this.#record.known.ports.find(each => each.local === local);
		if (port && !port.added) {
			throw new Problem('usage', `Port ${local} is one that the environment was started with`, {
				next: 'Only ports that were added can be taken away.',
			});
		}

		if (port) {
			await this.#change({act: 'unforward', local});
			this.#noticed.dismiss(port.remote);
		}
	}

	async reverse(remote: number, local: number): Promise<void> {
		refuseNoPort(remote, local);
		const there = this.#record.known.reverse.find(each => each.remote === remote);
		if (there && there.local !== local) {
			throw new Problem('usage', `Port ${remote} of the environment leads to port ${there.local} here already`);
		}

		if (leadsToItself(this.#record.known.sharesNetwork, {remote, local})) {
			throw sameNetworkProblem(remote);
		}

		await this.#change({act: 'reverse', remote, local});
	}

	async unreverse(remote: number): Promise<void> {
		await this.#change({act: 'unreverse', remote});
	}

	dismiss(remote: number): void {
		this.#noticed.dismiss(remote);
	}

	watchLoad(onLoad: (load: Load | undefined) => void): () => void {
		const stops = [this.#load.watch(onLoad), this.#access.watch()];
		return () => stops.forEach(stop => stop());
	}

	async #serveOthers(): Promise<void> {
		await answerPortRequests(this.#record, async request => this.#inTurn(async () => this.#do(request)));
		const {forwards, reverse} = this.#tunnels.environment;
		await this.#counts.tell(() => ({ports: forwards.stats(), reverse: reverse.stats()}));
	}

	/** Durable before it resolves; the owner does it, another program asks that one. */
	async #change(request: PortRequest): Promise<void> {
		if (isFulfilled(this.#record.known, request)) {
			return;
		}

		if (this.#record.owned) {
			await this.#inTurn(async () => this.#do(request));
		} else {
			await askForPorts(this.#context, this.#record, request, async each => this.#inTurn(async () => this.#do(each)));
		}
	}

	async #do(request: PortRequest): Promise<void> {
		if (isFulfilled(this.#record.known, request)) {
			return;
		}

		switch (request.act) {
			case 'forward': {
				await this.#open(request);
				break;
			}

			case 'unforward': {
				const {local} = request;
				if (this.#record.known.ports.some(port => port.local === local && port.added)) {
					await this.#record.append({type: 'port-closed', local});
					await this.#tunnels.environment.forwards.remove(local);
				}

				break;
			}

			case 'reverse': {
				await this.#record.append({type: 'reverse-opened', remote: request.remote, local: request.local});
				break;
			}

			case 'unreverse': {
				await this.#record.append({type: 'reverse-closed', remote: request.remote});
				break;
			}
		}
	}

	async #open({remote, local: wanted = remote}: PortRequest & {act: 'forward'}, noticed?: ListeningPort): Promise<void> {
		if (noticed && forwardedAt(this.#record.known, remote) !== undefined) {
			return;
		}

		const {forwards} = this.#tunnels.environment;
		const {local, holder} = await bindFree(forwards, {wanted, remote, taken: this.#locals()});
		const port = {local, remote, direct: false, added: true, ...(local === wanted ? {} : {wanted})};
		const why = noticed ? {noticed: true, process: noticed.process} : {};
		try {
			await this.#record.append({type: 'port-opened', port, holder, ...why});
		} catch (error) {
			await forwards.remove(local);
			throw error;
		}
	}

	/** Makes the ports that lead here those of the journal; they lead over each connection that there is from now on. */
	#leadReverse(): void {
		const {owned, known} = this.#record;
		// Before there is an environment, it is not known whose network it has.
		if (!owned || known.instanceId === undefined) {
			return;
		}

		const {reverse} = this.#tunnels.environment;
		const wanted = known.reverse.filter(port => !leadsToItself(known.sharesNetwork, port));
		const isSame = (a: {remote: number; local: number}) => (b: {remote: number; local: number}) =>
			a.remote === b.remote && a.local === b.local;
		for (const port of reverse.stats().filter(each => !wanted.some(isSame(each)))) {
			reverse.remove(port.remote);
		}

		for (const port of wanted.filter(each => !reverse.stats().some(isSame(each)))) {
			reverse.add(port.remote, port.local);
		}
	}

	/** Local ports of the run, but for `own`. */
	#locals(own?: number): ReadonlySet<number> {
		return new Set(this.#record.known.ports.map(({local}) => local).filter(local => local !== own));
	}

	/** One change after the other: two at once would be told the same free port. */
	async #inTurn<T>(act: () => Promise<T>): Promise<T> {
		const turn = this.#turn.then(act);
		// The next one's turn comes however this one ends, which its caller hears.
		this.#turn = turn.catch(() => undefined);
		return turn;
	}
}

function refuseNoPort(...ports: readonly number[]): void {
	for (const port of ports) {
		if (!Number.isInteger(port) || port < 1 || port > 65_535) {
			throw new Problem('usage', `${port} is no port: those are from 1 to 65535`);
		}
	}
}

const sameNetworkProblem = (port: number): Problem =>
	new Problem('usage', `The environment shares the network of this machine: its port ${port} is port ${port} here`, {
		next: `Name another port here, such as ${port < 65_535 ? port + 1 : port - 1}.`,
	});
