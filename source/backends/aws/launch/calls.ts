import type {Offer} from '../../../offers/offer.js';
import type {Account, AccountRegions, BackendErrorClass, Instance, LaunchIntent, LaunchProgress} from '../../backend.js';

/** A region that could not be asked, and why; an error would not keep its class on the way between processes. */
export type Unanswered = {
	readonly region: string;
	readonly class: BackendErrorClass;
	readonly message: string;
	readonly next: string | undefined;
};

export type Listed = {readonly instances: readonly Instance[]; readonly unanswered: readonly Unanswered[]};

/** The arguments of each operation. */
export type Arguments = {
	check: readonly [offer: Offer];
	launch: readonly [intent: LaunchIntent];
	account: readonly [region: string];
	find: readonly [intentId: string, offer: Offer, account: Account | undefined];
	/** The id as `describe` has it. */
	look: readonly [id: string, account: Account | undefined];
	terminate: readonly [id: string, account: Account | undefined];
	start: readonly [id: string, account: Account | undefined];
	list: readonly [installation: string, regions: readonly string[]];
	sweep: readonly [installation: string, regions: readonly string[]];
	admit: readonly [id: string];
	regions: readonly [];
};

/** What each operation answers. */
export type Results = {
	check: readonly string[];
	launch: Instance;
	account: Account | undefined;
	find: Instance | undefined;
	/** Undefined while EC2 does not list it: that is not yet to say that it is gone. */
	look: Instance | undefined;
	terminate: undefined;
	start: Instance;
	list: Listed;
	sweep: readonly string[];
	admit: readonly string[];
	regions: AccountRegions;
};

export type Operation = keyof Arguments;

/**
What a backend does on EC2, in a shape that can be sent between processes. All throw `BackendError`. All but `sweep` heed the signal,
and only `launch` and `start` report progress.
*/
export type Operations = {readonly [O in Operation]: Performed<O>};

export type Performed<O extends Operation> = (
	parameters: Arguments[O],
	signal: AbortSignal,
	onProgress: (progress: LaunchProgress) => void,
) => Promise<Results[O]>;
