import {systemClock} from '../../../source/system/clock.js';
import {type Cut, DirectHandler, Listener, type Network} from './connections.js';
import {interrupt} from './life.js';
import type {Instance} from './records.js';
import {type Call, type Match, type Outcome, Script} from './script.js';
import type {Expiry, Service} from './service.js';
import {usualAccount, World, type WorldOptions} from './world.js';

export type {Guest} from './guests.js';
export type {Instance} from './records.js';
export {type Call, type Match, type Outcome, outcomes} from './script.js';
export {type Account, usualAccount, type World} from './world.js';

export type Ec2Options = Partial<WorldOptions> & {
	/** What every call meets that no line of the script is for: random faults, say. */
	readonly decide?: (call: Call) => Outcome | undefined;
	/** False: no socket is opened, and clients use `handler`. */
	readonly listen?: boolean;
};

/** The stand-in, running. */
export class Ec2 {
	/** All that the cloud holds, to look at and to change. */
	readonly state: World;
	/** Every call whose signature was right, in order. */
	readonly calls: Call[] = [];
	readonly #script = new Script();
	readonly #service: Service;
	readonly #network: Network = {cut: undefined};
	readonly #listener: Listener;
	/** Whether there is a socket where the network is up. */
	readonly #listens: boolean;
	#isListening = false;

	constructor(options: Ec2Options) {
		this.state = new World({...options, clock: options.clock ?? systemClock});
		this.#service = {
			world: this.state,
			script: this.#script,
			calls: this.calls,
			decide: options.decide,
			expired: new Map(),
		};
		this.#listener = new Listener(this.#service, this.#network);
		this.#listens = options.listen ?? true;
	}

	/** One address for EC2 and Service Quotas in all regions. */
	get url(): string {
		return this.#listener.url;
	}

	/** A `requestHandler` for the SDK's clients that needs no socket; `timeout` in milliseconds of the stand-in's clock. */
	handler(timeout = 10_000): DirectHandler {
		return new DirectHandler(this.#service, this.#network, timeout);
	}

	/** The next call (or `times` calls) of `action` that `match` takes meets `outcome`. `*` is any action. */
	script(action: string, outcome: Outcome, times?: number): ReturnType<Script['add']>;
	script(action: string, match: Match | undefined, outcome: Outcome, times?: number): ReturnType<Script['add']>;
	script(action: string, ...rest: readonly unknown[]): ReturnType<Script['add']> {
		const [match, outcome, times = 1] = typeof rest[0] === 'function' || rest[0] === undefined ? rest : [undefined, ...rest];
		return this.#script.add(action, match as Match | undefined, outcome as Outcome, times as number);
	}

	/** Lines of the script that no call has met. */
	get unmet(): string[] {
		return this.#script.rest();
	}

	set decide(decide: Ec2Options['decide']) {
		this.#service.decide = decide;
	}

	/** What costs money at `at` (milliseconds since the epoch; now by default). */
	alive(at?: number): Instance[] {
		return this.state.alive(at);
	}

	/** From now on the credentials are out of date; `undefined` renews them. */
	expire(how: Expiry = 'RequestExpired', accessKeyId = usualAccount.accessKeyId): void {
		this.#service.expired.set(accessKeyId, how);
	}

	renew(accessKeyId = usualAccount.accessKeyId): void {
		this.#service.expired.delete(accessKeyId);
	}

	/** Takes a spot instance back at `at`: its notice is there at once, its end two minutes later. */
	interrupt(instanceId: string, at = this.state.now()): void {
		this.state.agenda.at(at, time => interrupt(this.state, this.state.instance(instanceId), time));
		this.state.agenda.settle();
	}

	/** Cuts the network for all regions, open connections too: until `restore`, or for so many milliseconds of the clock. */
	async cut(how: Cut, milliseconds?: number): Promise<void> {
		this.#network.cut = how;
		if (milliseconds !== undefined) {
			this.state.agenda.at(this.state.now() + milliseconds, () => this.state.track(this.restore()));
		}

		if (how === 'refused' && this.#isListening) {
			this.#isListening = false;
			await this.#listener.close();
		} else if (how !== 'hang') {
			this.#listener.tear();
		}
	}

	async restore(): Promise<void> {
		this.#network.cut = undefined;
		if (this.#listens && !this.#isListening) {
			this.#isListening = true;
			await this.#listener.open();
		}
	}

	/** Ends the server and every machine. Throws what the stand-in itself did wrong. */
	async close(): Promise<void> {
		if (this.#isListening) {
			await this.#listener.close();
			this.#isListening = false;
		}

		await this.state.close();
		if (this.state.troubles.length > 0) {
			throw new AggregateError(this.state.troubles, `the EC2 stand-in failed: ${this.state.troubles[0]?.message ?? ''}`);
		}
	}
}

/**
EC2 and Service Quotas of one cloud over all its regions, for the real `@aws-sdk/client-ec2`: `endpoint: ec2.url`, or
`requestHandler: ec2.handler()` without a socket. Everything in it follows `clock`.
*/
export async function startEc2(options: Ec2Options = {}): Promise<Ec2> {
	const ec2 = new Ec2(options);
	await ec2.restore();
	return ec2;
}
