import type {Backend, BackendErrorClass, Instance} from '../../../source/backends/backend.js';
import type {Offer} from '../../../source/offers/offer.js';

/** The calls whose failures are tried. Questions are `find`, `describe` and `list` together. */
export type Call = 'launch' | 'question' | 'terminate';

/** What becomes of a call on the wire: nobody hears of it, or nobody hears of its answer, or it is refused in the provider's own form. */
export type Fault = 'lost request' | 'lost answer' | BackendErrorClass;

/** What a stand-in may be unable to do. Each has to be declared with its reason, and is shown as skipped with that. */
export type Ability =
	| `${Call}: ${Fault}`
	/** A request that is repeated with its token makes nothing new. */
	| 'token'
	/** Instances end themselves at their deadline. */
	| 'deadline'
	/** The deadline of one that runs can be moved. */
	| 'extend'
	/** The provider takes a spot instance back. */
	| 'interruption'
	/** Somebody else ends an instance. */
	| 'loss'
	/** A launch can be announced for an account, and is refused in another. */
	| 'launch for another account'
	/** What is set up here can lead to another account for a while. */
	| 'other account';

/** A cloud of one test, with a backend that leads there. */
export type TestCloud = {
	/** The backend in a program that has just started. */
	readonly start: () => Backend;
	/** Those that can be launched; the first is enough for most. */
	readonly offers: readonly [Offer, ...Offer[]];
	/** One that can be taken back by its provider. */
	readonly spotOffer?: Offer;
	/** An image that containers can be made from. */
	readonly image?: string;
	/** Shorter than that no instance lives here, by its own deadline. Seconds. */
	readonly shortest: number;
	/** The clock of the cloud and of its instances. Milliseconds since the epoch. */
	readonly now: () => number;
	/** Lets so much of its time pass: at once where that clock can be turned. Milliseconds. */
	readonly pass: (milliseconds: number) => Promise<void>;
	/** The same for who cannot wait; missing where the clock is the real one. */
	readonly turn?: (milliseconds: number) => void;
	/** What costs money or runs at this moment, by the cloud's own books: the backend is not asked. */
	readonly alive: () => Promise<readonly Held[]>;
	/** Something there that was not made by this program at all; returns what it is in those books. */
	readonly addStranger: () => Promise<string>;
	/** From now on every such call meets this; undefined: all is well again. */
	readonly fault: (call: Call, fault: Fault | undefined) => void;
	/** Its provider takes a spot instance back, with whatever notice is usual. */
	readonly interrupt: (instance: Instance) => Promise<void>;
	/** Somebody ends it at the console. */
	readonly lose: (instance: Instance) => Promise<void>;
	/** Moves the deadline there as the core does it, to this moment of its clock. Milliseconds since the epoch. */
	readonly extend: (instance: Instance, deadline: number) => Promise<void>;
	/** What is set up here leads to another account from now on; called again, to the first. */
	readonly switchAccount?: () => Promise<void>;
	/** Keys and passwords of the settings, which may be in no log, journal or error. */
	readonly secrets: readonly string[];
	/** The home folder of the program, where this has to be known before it starts. */
	readonly home?: string;
};

/** An entry of a cloud's own books. */
export type Held = {
	/** The cloud's name for it. */
	readonly id: string;
	/** The token that it was made with; undefined for a stranger's. */
	readonly intentId: string | undefined;
	/** When it ends itself at the latest, milliseconds since the epoch; undefined where the books do not say so. */
	readonly ends?: number;
};

/** A cloud that can be started for a test, and what it cannot do. */
export type StandIn = {
	/** As the tests are called after it. */
	readonly name: string;
	/** Made anew for each test, and taken apart with it. */
	readonly make: () => Promise<TestCloud>;
	readonly cannot: Readonly<Partial<Record<Ability, string>>>;
	/** How many random histories it takes part in: they cost real time where its clock is a real one. */
	readonly histories: number;
	/** For one test. Milliseconds. */
	readonly timeout: number;
};
