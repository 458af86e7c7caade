import type {Consent} from './model/consent.js';
import type {OfferListing} from './model/listing.js';
import type {GridChoices, ForwardPolicy, ProcessPolicy} from './model/preferences.js';
import type {Choice, Request, Plan, PlanOptions} from './model/choice.js';
import type {PriceHistory} from '../backends/backend.js';
import type {BackendEntry, BackendReport} from '../backends/report.js';
import type {ConfigurationFile, ProfilesFile, RequirementSettings} from '../configuration/model.js';
import type {SaveTarget} from '../configuration/files/save.js';
import type {ImageSettings} from '../environment/images/settings.js';
import type {BroughtHome} from '../environment/bring-home/bring-home.js';
import type {Offer} from '../offers/offer.js';
import type {Problem} from '../system/problem.js';
import type {AttentionSettings} from './settings/attention-settings.js';
import type {RefreshEnd} from '../offers/catalogue/background-refresh.js';
import type {StartAgain, Started} from './end/start-again.js';
import type {BringHome} from './end/bring-home.js';
import type {RunHandle, UnsavedWork} from './model/run-handle.js';
import type {LedgerEntry} from './journal/ledger.js';
import type {LogReader} from './journal/log-reader.js';
import type {Orphan, Reconciled} from './model/reconciled.js';
import type {RunState} from './model/state.js';
import type {StepTimes} from './model/step-times.js';
import type {Wait} from '../system/waits.js';

/** The core of the program: the same under the screens and under the commands. Failures are `Problem`s. */
export type Core = {
	/** Absolute folder the program was started for. */
	readonly folder: string;
	configurations(): Promise<readonly ConfigurationFile[]>;
	profiles(): Promise<ProfilesFile>;
	/** Told, a few times a second at most, when configurations or profiles change on disk. Returns the way to stop being told. */
	onFilesChanged(listener: () => void): () => void;
	/** Writes a first `.dstack.yml` into the folder, `text` or what the folder suggests, and returns it read back; refuses where one is. */
	writeStarter(text?: string): Promise<ConfigurationFile>;
	/** Writes settings into a configuration or a profile, comments and formatting kept. Throws a `configuration` problem. */
	saveRequirements(target: SaveTarget, settings: RequirementSettings): Promise<void>;
	/** Lays the choice's parts over each other; throws a `configuration` problem where they contradict. */
	request(choice: Choice): Request;
	/** Yields a listing each time a backend answered; ends when all have. */
	offers(request: Request, signal: AbortSignal): AsyncIterable<OfferListing>;
	/** What a spot offer of a zone cost within the last 24 hours, as its backend tells. Rejects with the backend's failure. */
	priceHistory(offer: Offer, signal: AbortSignal): Promise<PriceHistory>;
	/**
	Fetches newer prices where they are due, beside everything else, and takes them into the table of the listings: its rows keep their
	numbers. Undefined where nothing was due. Missing where nothing is to be fetched unasked.
	*/
	readonly refreshCatalogue?: (options: {
		readonly signal: AbortSignal;
		readonly onProgress: (clouds: readonly string[]) => void;
	}) => Promise<RefreshEnd | undefined>;
	/**
	Tells how every backend is set up, then asks those that are. `onEntry` is told each as soon as it is known, one that is asked before
	that as `untested`; those known only from the catalogue too. Rejects only with the signal's reason, or where a part of this program
	cannot be read.
	*/
	backendReport(onEntry: (entry: BackendEntry) => void, signal: AbortSignal): Promise<BackendReport>;
	/** Checks code, disk, ports, name and permissions for one offer; `options.others` are tried after it, in their order. */
	plan(request: Request, offer: Offer, options?: PlanOptions): Promise<Plan>;
	/** Records the intent and starts working on it. */
	launch(plan: Plan): Promise<RunHandle>;
	/** Takes a run up again where it is: goes on with its steps or connects. */
	attach(name: string): Promise<RunHandle>;
	/** Starts the machine of the run called `name` where it is stopped in its cloud. Throws a `Problem`. */
	start(name: string, options?: StartAgain): Promise<Started>;
	/**
	Ends the run called `name`, whoever looks after it, and waits until that is confirmed. Throws `WorkChanged`, and nothing is ended, where
	there is work that `consent` does not cover; without one, none may be lost.
	*/
	stop(name: string, reason: string, consent?: Consent): Promise<void>;
	/** Whether another program ends it now, or it has ended. */
	isEnding(name: string): Promise<boolean>;
	/**
	Lets go of a run whose end cannot be confirmed from here, or whose journal is damaged, and ends nothing: what may be there is a person's to
	look after from then on.
	Throws a `Problem` where its instance is known to be there.
	*/
	forget(name: string): Promise<void>;
	/** What ending the run called `name` would lose; undefined where that cannot be found out. */
	unsavedWork(name: string): Promise<UnsavedWork | undefined>;
	/** Brings home what ending the run called `name` would lose; it goes on. Throws a `Problem`, also where it cannot be reached. */
	bringHome(name: string, options?: BringHome): Promise<BroughtHome>;
	/** The logs on disk, whatever their size. To be closed. */
	logs(name: string): Promise<LogReader>;
	/**
	The run of this very choice whose program died without letting go of it: starting again means to go on with that one, not to make
	a second.
	*/
	interrupted(choice: Choice): Promise<RunState | undefined>;
	/** All runs that are not gone, newest first, as their journals know them: at once, and nobody is asked. */
	known(): Promise<readonly RunState[]>;
	/** What is waited for longer than a moment, each time that it is more, less or other. Returns how to end that. */
	onWaits(listener: (open: readonly Wait[]) => void): () => void;
	/** All runs, newest first, checked against their backends; `gone` ones only with `all`. What could not be checked is told to `note`. */
	runs(options?: {
		readonly all?: boolean;
		readonly note?: (line: string) => void;
		/** How long anybody is waited for, milliseconds; after that the journal has the word. */
		readonly patience?: number;
		/** Only these, and nobody is asked for others. */
		readonly names?: readonly string[];
		/** Told of each run that its backend did not speak of, and why. */
		readonly onUnchecked?: (name: string, why: string) => void;
		/** Told of each run as soon as its backend has spoken of it; undefined where nothing is left of it. */
		readonly onChecked?: (name: string, state: RunState | undefined) => void;
		/** Gives up what is only asked. */
		readonly signal?: AbortSignal;
	}): Promise<readonly RunState[]>;
	/**
	The same, with what no journal tells of; also removes what ended instances left behind. `everywhere` looks in all regions of the accounts, and
	not only where journals tell of instances.
	*/
	reconcile(options?: {readonly everywhere?: boolean}): Promise<Reconciled>;
	/** Ends an instance that no journal tells of, and waits until that is confirmed. Refuses one of another installation. */
	endOrphan(orphan: Orphan): Promise<void>;
	/** How long the steps of past runs took. */
	stepTimes(): Promise<StepTimes>;
	/** What past runs cost, the newest first. */
	ledger(): Promise<readonly LedgerEntry[]>;
	/** Told, at most ten times a second, when journals change. Returns the way to stop being told. */
	onRunsChanged(listener: () => void): () => void;
	/** The command line that a person types for a shell there: `ssh fast-moth-1`. */
	sshCommand(name: string): string;
	/** The link that opens the IDE there, and the command of this machine that does, if it is here; undefined where none is configured. */
	ideLink(state: RunState): {readonly ide: string; readonly url: string; readonly command?: readonly string[]} | undefined;
	/** Remembered choices: the last configuration and profile used in this folder. And the person's settings. */
	readonly preferences: {
		/** Why the file of the settings could not be read, if so. */
		readonly damage: Problem | undefined;
		last(): {configuration?: string; profile?: string};
		remember(choice: Choice): void;
		/** Whether the person vouched for code, by the folder that is its top. */
		trusts(top: string): boolean;
		rememberTrust(top: string, isTrusted: boolean): void;
		/** How the grid of offers was arranged last. */
		grid(): GridChoices;
		rememberGrid(choices: GridChoices): void;
		/** Whether the terminal is asked to report the mouse. */
		mouse(): boolean;
		rememberMouse(isOn: boolean): void;
		/** How the person is called while nobody looks, and whether the terminal's title tells the state. */
		attention(): AttentionSettings;
		/** What happens with ports that start to listen inside; read anew each time. */
		forwardPorts(): ForwardPolicy;
		rememberForwardPorts(policy: ForwardPolicy): void;
		/** Whether a process of this machine is started without a question where a container was to be had. */
		process(): ProcessPolicy;
		/** Where built images are kept, for clouds to fetch: `ghcr.io/team/builds`. */
		registry(): string | undefined;
		/** All settings of images and of the IDE, read when first asked for; what is written wrongly is told in its `problems`. */
		images(): ImageSettings;
	};
};
