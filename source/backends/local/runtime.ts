import type {Readable} from 'node:stream';
import type {Requirements} from '../../configuration/model.js';
import type {Offer} from '../../offers/offer.js';
import {type Account, type Backend, type Instance, type LaunchIntent, type LaunchProgress, otherAccount} from '../backend.js';
import type {Machine} from './machine.js';

/** One way of running an environment on this machine. Ids that it hands out start with its name: `docker:…`, `process:…`. */
export type Runtime = {
	readonly name: 'docker' | 'process';
	/** Whether it can be used now, and one line that says so or says why not and what to do. */
	status(signal: AbortSignal): Promise<{readonly ready: boolean; readonly note: string}>;
	/** Its one offer, `unavailable` with a note where it cannot serve these requirements; undefined where it is not there at all. */
	offer(requirements: Requirements, machine: Machine, signal: AbortSignal): Promise<Offer | undefined>;
	launch(intent: LaunchIntent, signal: AbortSignal, onProgress: (progress: LaunchProgress) => void): Promise<Instance>;
	/** Where it runs things: another engine, another machine or another user knows nothing of them. Throws `BackendError`. */
	account(): Promise<Account>;
	/** As the backend's. */
	find(intentId: string, account?: Account): Promise<Instance | undefined>;
	describe(id: string, account?: Account): Promise<Instance | undefined>;
	terminate(id: string, account?: Account): Promise<void>;
	/** Ends what a stopped one left running; it keeps what it holds. */
	quieten?(id: string): Promise<void>;
	/** As the backend's; missing where there is no container. */
	readonly inside?: NonNullable<Backend['inside']>;
	readonly commit?: NonNullable<Backend['commit']>;
	readonly release?: NonNullable<Backend['release']>;
	/** As the backend's; missing where what was kept is a folder of this machine. */
	copyOut?(id: string, folder: string): Promise<Readable>;
	list(installation: string): Promise<Instance[]>;
};

/** Throws where the runtime is not where `account` says: what is not there now may be there. `what` is the subject of the sentence. */
export async function requireAccount(runtime: Pick<Runtime, 'account'>, account: Account, what: string): Promise<void> {
	const ours = await runtime.account();
	if (ours.id !== account.id) {
		throw otherAccount(what, account, ours);
	}
}
