import type {KeyPair} from '../system/key-pair.js';
import type {Readable} from 'node:stream';
import type {Requirements} from '../configuration/model.js';
import type {DeadlineKind, Offer} from '../offers/offer.js';
import type {Link} from '../system/link.js';
import type {MachineId} from '../system/machine-id.js';
import type {ContainerOptions} from '../agents/container/options.js';

export type BackendErrorClass = 'capacity' | 'quota' | 'permission' | 'configuration' | 'transient' | 'unknown';

/** A backend's failure: its class decides what happens next, `message` is the provider's own, `next` is for a person. */
export class BackendError extends Error {
	override readonly name = 'BackendError';
	readonly class: BackendErrorClass;
	readonly next: string | undefined;
	/** With `capacity`: zones of the same region that the refusal itself names as having some. */
	readonly zones: readonly string[];

	constructor(
		errorClass: BackendErrorClass,
		message: string,
		options: {next?: string; cause?: unknown; zones?: readonly string[]} = {},
	) {
		super(message, options.cause === undefined ? undefined : {cause: options.cause});
		this.class = errorClass;
		this.next = options.next;
		this.zones = options.zones ?? [];
	}
}

export type BackendStatus = {
	readonly backend: string;
	/** Whether it can be used now. */
	readonly ready: boolean;
	/** One line each: what answers, what does not and why. */
	readonly notes: readonly string[];
	/** Nothing is set up for it here: then it is not ready, and that is no failure. */
	readonly noCredentials?: boolean;
	/** Where its credentials come from, as it is shown; never a value. */
	readonly origin?: string;
	/** Permissions that the account lacks, by the provider's own names: `ec2:DescribeRegions`. */
	readonly missing?: readonly string[];
	/** What the person can do next, as one sentence. */
	readonly next?: string;
};

/**
Whose an instance is: what is not there in one account may well run in another. `id` is compared (an AWS account's number, a Docker engine's
own id, a machine and a user); `label` is what a person reads, as the end of a sentence: `AWS account 123456789012`.
*/
export type Account = {readonly id: string; readonly label: string};

/** The refusal to say anything of what is in another account. `what` is the subject: `us-east-1/i-0123 `. */
export const otherAccount = (what: string, theirs: Account, ours: Account): BackendError =>
	new BackendError('permission', `${what} is in ${theirs.label}, and what is set up here leads to ${ours.label}`, {
		next: `It is left alone until what is set up here leads to ${theirs.label} again.`,
	});

/** What a launch is told. It is on disk, in the journal, before the backend hears of it. */
export type LaunchIntent = {
	/** The idempotency token: the same id never makes a second instance. A UUID. */
	readonly id: string;
	/** The run's name, `[a-z0-9-]+`. */
	readonly run: string;
	/** This installation's tag; nothing without it is ever touched. */
	readonly installation: string;
	/** The machine that asks for it: others may have the same installation, as a synced or restored home folder has. */
	readonly machine?: MachineId | undefined;
	readonly offer: Offer;
	/** The account that the journal announced it for: in another one it is refused. Undefined where nobody could tell which it is. */
	readonly account?: Account | undefined;
	/** The run's public key, one line: the only one that may log in. */
	readonly authorizedKey: string;
	/** The run's pinned host key, which the instance must present. */
	readonly hostKey: KeyPair;
	/** When the instance ends itself, milliseconds since the epoch by this machine's clock; undefined for never. */
	readonly deadline: number | undefined;
	/** The same as seconds from the launch, for an instance whose clock is its own. */
	readonly duration: number | undefined;
	/** Seconds without a connection of the person's own after which the instance ends itself; undefined for never. */
	readonly inactivity: number | undefined;
	/** The most that a spot instance may cost, US dollars per hour; undefined for no limit beside the on-demand price. */
	readonly maxPrice: number | undefined;
	/** At least so much disk, MiB; undefined for what the image needs. */
	readonly disk: number | undefined;
	/** The person's own tags, beside ours. */
	readonly tags: Readonly<Record<string, string>>;
	/** What the container starts from: the base image, or the built one. */
	readonly image: string | undefined;
	/** What the container is made with beside its image. */
	readonly container: ContainerOptions;
	/**
	A build is due: the container runs and holds before its SSH server, until `release`. Then the launch resolves as soon as it runs, and
	nobody greets at its endpoint yet. Only for backends that have `inside`.
	*/
	readonly hold: boolean;
	readonly registryAuth: {readonly username: string; readonly password: string} | undefined;
	/** The configuration's `python`: where no image is named, it decides which one. */
	readonly python: string | undefined;
	/** MiB. */
	readonly shmSize: number | undefined;
	/** Absolute folder on this machine that is the run's own (0700); a local instance may keep its state below it. */
	readonly folder: string;
};

/** Where a person finds what a stopped instance has kept. */
export type KeptWork = {
	/** Readable as it stands: a path of this machine, or `/workflow in the stopped container NAME`. */
	readonly place: string;
	/** The command that copies it into the folder one stands in; undefined where the place can simply be opened. */
	readonly command?: string;
};

/** `ending`: its end is under way, and not confirmed yet. */
export type InstanceState = 'pending' | 'running' | 'stopped' | 'ending' | 'terminated';

/** An instance as its backend sees it. */
export type Instance = {
	/** The backend's own id; enough for `describe` and `terminate`, also after a restart. */
	readonly id: string;
	readonly intentId: string;
	readonly run: string;
	readonly state: InstanceState;
	/** The machine that asked for it; undefined for one that was made before that was noted. */
	readonly machine?: MachineId | undefined;
	/** Whose it is, where the backend says so with it. */
	readonly account?: Account | undefined;
	/** Where its SSH server is reached; undefined while it is not known yet. */
	readonly endpoint: {readonly host: string; readonly port: number; readonly user: string} | undefined;
	/** Absolute path of the code there: `/workflow`, or a real folder for a host process. */
	readonly workspace: string;
	/** Absolute path there of the folder for steps' scripts, states and logs. */
	readonly stateFolder: string;
	/** Whether the instance shares the person's own network: a port it opens is already local. */
	readonly sharesNetwork: boolean;
	/** Milliseconds since the epoch, by the provider's clock where it has one of its own: billing counts from there. */
	readonly launchedAt: number;
	/** What it is, for one that no journal here tells of. */
	readonly offer?: {readonly region: string; readonly instanceType: string; readonly spot: boolean};
	/** The deadline that it was tagged with, milliseconds since the epoch. */
	readonly deadline?: number;
	/** When this was told, by the provider's clock where that is known: this machine's own may have jumped. Milliseconds since the epoch. */
	readonly toldAt?: number;
	/** The provider took the capacity of a spot instance back. */
	readonly interrupted?: boolean;
	/** Its host key passed through the provider's hands: it is to be replaced on first contact. */
	readonly replaceHostKey?: boolean;
	/** Why it is not running, where the backend knows: `ended at its deadline`. */
	readonly reason?: string;
	/** With `reason`: what the person can do about it; may have lines that belong into the configuration. */
	readonly next?: string;
	/** For a stopped one: whether it holds work that exists nowhere else; undefined where that is not known. */
	readonly leftWork?: boolean;
	/** For a stopped one: where what it holds is found. */
	readonly kept?: KeptWork;
	/** What the backend told of it and was refused as it cannot be, one sentence each: an address that is none. */
	readonly refused?: readonly string[];
};

/** What a launch reports while it works. `done` and `total` are bytes where `unit` says so. */
export type LaunchProgress = {
	readonly step: 'image' | 'instance';
	readonly text: string;
	readonly done?: number;
	readonly total?: number;
	readonly unit?: 'bytes';
	/** A line for the step's log. */
	readonly log?: string;
};

/** What an image is kept as. Labels tell what it was built from. */
export type CommitWish = {readonly reference: string; readonly labels: Readonly<Record<string, string>>};

/** An image in the engine's own store; `size` in bytes. */
export type CommittedImage = {readonly reference: string; readonly size: number};

/** How an instance is ended by a person, when this program cannot. */
export type ByHand = {
	readonly command: string;
	readonly console: string | undefined;
	/** Starts it again where it is stopped. */
	readonly start?: string;
};

/** Where instances of an account can be. */
export type AccountRegions = {
	/** Those of them that the settings name. */
	readonly named: readonly string[];
	readonly names: readonly string[];
	/** What cannot be asked, and why, one line each. */
	readonly unasked: readonly string[];
};

export type Backend = {
	readonly name: string;
	readonly deadline: DeadlineKind;
	status(signal: AbortSignal): Promise<BackendStatus>;
	/**
	Batches as they become known. Offers that do not match are still listed as `unavailable` where a note can say why. What could not be
	asked while the rest could (a region that does not answer) is told to `note`, one line each. Without credentials there are none.
	*/
	offers(requirements: Requirements, signal: AbortSignal, note?: (line: string) => void): AsyncIterable<Offer[]>;
	/**
	Asks, without making anything, whether a launch of this offer would be allowed, and returns what the person should know first, one line
	each. Throws the `BackendError` that the launch would meet. Missing where there is nothing to ask.
	*/
	check?(offer: Offer, signal: AbortSignal): Promise<readonly string[]>;
	/**
	Makes the instance, or finds the one that this intent already made. When `signal` is aborted while a request is under way, its answer is
	waited for, so that what was made is known: then it resolves. Throws `BackendError`; after a `transient` one the same intent may be
	launched again, and it is not known whether there is an instance.
	*/
	launch(intent: LaunchIntent, signal: AbortSignal, onProgress: (progress: LaunchProgress) => void): Promise<Instance>;
	/**
	The account that a launch of this offer would be in as things are set up now. Undefined where that cannot be told. Throws `BackendError`.
	Missing where there is only one.
	*/
	account?(offer: Offer, signal: AbortSignal): Promise<Account | undefined>;
	/**
	The instance that an intent made for an offer, whether or not the launch's answer was ever heard; one that has ended too, while it is told
	of. With `account`, what is not there is not there in that one: under another, it throws `otherAccount`.
	*/
	find(intentId: string, offer: Offer, account?: Account, signal?: AbortSignal): Promise<Instance | undefined>;
	/**
	Undefined only for one that is certainly not there: what was made a moment ago may not be told of yet. With `account`, in that one: under
	another, it throws `otherAccount`. Without, absence proves nothing where there can be several.
	An aborted `signal`, here as in all questions, gives the question up: whatever is thrown then says nothing of the instance.
	*/
	describe(id: string, account?: Account, signal?: AbortSignal): Promise<Instance | undefined>;
	/**
	Ends the instance with every process it started and everything it kept. Resolves only when that is confirmed; a gone one is no error,
	where the account is the one that it was in. Else it throws: `otherAccount`, or a `permission` error where it is not known which it was.
	When `signal` is aborted the waiting ends; what was asked for may come about all the same.
	*/
	terminate(id: string, account?: Account, signal?: AbortSignal): Promise<void>;
	/**
	Starts a machine again that is stopped in its cloud, with the disk that it had; resolves when it runs, with its address, which may be a new
	one. One that runs already is no error. With `account`, in that one: under another, it throws `otherAccount`. Aborted before the cloud was
	asked it throws the signal's reason, after that it resolves with what is known. Throws `BackendError`; `capacity` and `quota` leave it
	stopped. Missing where a stopped instance is over: there the core says that there is nothing to start.
	*/
	start?(
		id: string,
		account: Account | undefined,
		signal: AbortSignal,
		onProgress: (progress: LaunchProgress) => void,
	): Promise<Instance>;
	/** Ends what still runs of an instance that has stopped, and keeps what it holds. Missing where nothing can run on. */
	quieten?(id: string): Promise<void>;
	/** A tar archive of a folder in an instance that has stopped, without starting anything. Missing where that cannot be had. */
	copyOut?(id: string, folder: string): Promise<Readable>;
	/**
	Commands in the environment as root without its SSH server, which may not be there yet. Missing where only SSH leads there. Throws
	`BackendError`.
	*/
	inside?(id: string, signal: AbortSignal): Promise<Link>;
	/**
	Keeps a held container's files as an image in the engine's own store, with the base image's own entry point, command, user, folder and
	variables; never with what is in the workspace or the state folder. One of that name and with these labels is not made again. Missing
	where images are kept in another way.
	*/
	commit?(
		id: string,
		wish: CommitWish,
		signal: AbortSignal,
		onProgress: (progress: LaunchProgress) => void,
	): Promise<CommittedImage>;
	/**
	Ends a container's hold, or finds it ended, and waits until its SSH server greets. Throws a `BackendError` with the container's own
	reason, and with the lines that the configuration lacks, where there will be none; the container has stopped then, and is kept.
	*/
	release?(id: string, signal: AbortSignal, onProgress?: (progress: LaunchProgress) => void): Promise<Instance>;
	/**
	All instances with this installation's tag in these regions, those that have ended left out. A region that cannot be asked is told to
	`unanswered`, and nothing is known of it; without that, it is thrown, naming it.
	*/
	list(
		installation: string,
		regions: readonly string[],
		unanswered?: (region: string, error: BackendError) => void,
		signal?: AbortSignal,
	): Promise<Instance[]>;
	/**
	Every region in which the account can have instances, for when no journal tells where they were made; none where nothing is set up here.
	Throws `BackendError`. Missing where `list` needs no regions.
	*/
	regions?(signal: AbortSignal): Promise<AccountRegions>;
	/**
	Lets this machine in, where a firewall before the instance knows it only by an address that may have changed. Returns what the person
	should know of it, one line each. Missing where there is no such thing.
	*/
	admit?(id: string, signal: AbortSignal): Promise<readonly string[]>;
	/**
	Removes what carries this installation's tag in these regions and belongs to no instance any more: volumes, spot requests, key pairs,
	security groups. Returns what was removed and what could not be, one line each. Missing where an instance leaves nothing.
	*/
	sweep?(installation: string, regions: readonly string[]): Promise<readonly string[]>;
	/** The quota that an offer counts in; offers of one region and family share it. Undefined where there is none. */
	quotaFamily?(offer: Offer): string | undefined;
	/** Missing where an instance can always be ended from here. */
	byHand?(id: string): ByHand;
};

/** A spot market of one zone. */
export type SpotMarket = Pick<Offer, 'region' | 'instanceType'> & {readonly zone: string};

/** A price in US dollars per hour that holds from `at`, milliseconds since the epoch, until the next one. */
export type PricePoint = {readonly at: number; readonly price: number};

/** What a spot market cost within a span of time, milliseconds since the epoch. */
export type PriceHistory = {
	readonly from: number;
	readonly to: number;
	/** The oldest first; the first may be from before the span, and in force when it began. */
	readonly points: readonly PricePoint[];
};

/** What a backend must be able to do so that its offers can be compared, whether or not this version can launch there. */
export type OfferSource = Pick<Backend, 'name' | 'deadline' | 'status' | 'offers'> & {
	/** How it is set up here, without asking anybody; undefined where there is nothing to set up. */
	setup?(): Promise<SourceSetup>;
	/** What a spot market cost within the last 24 hours; missing where nobody tells. Throws `BackendError`. */
	priceHistory?(market: SpotMarket, signal: AbortSignal): Promise<PriceHistory>;
};

/** How a source is set up. Lines hold names and places, never values. */
export type SourceSetup = {
	readonly configured: boolean;
	/** `LAMBDA_API_KEY`, `profile work of ~/.aws`, `~/.config/dstack-tui/backends.yml`. */
	readonly origin: string | undefined;
	readonly problems: readonly string[];
	readonly warnings: readonly string[];
	/** How to set it up. */
	readonly next: string | undefined;
};
