import type {BackendStatus, PriceHistory} from '../backends/backend.js';
import type {BackendEntry, BackendReport} from '../backends/report.js';
import type {
	ConfigurationFile,
	DevEnvironment,
	Profile,
	ProfilesFile,
	RequirementFlags,
	Requirements,
	Wishes,
} from '../configuration/model.js';
import type {SaveTarget} from '../configuration/save.js';
import type {CodeManifest} from '../environment/code/collect.js';
import type {ImageSettings} from '../environment/images/settings.js';
import type {BroughtHome} from '../environment/bring-home/bring-home.js';
import type {StepId} from '../environment/step.js';
import type {ColumnId} from '../offers/columns.js';
import type {GroupBy} from '../offers/group.js';
import type {SortKey} from '../offers/sort.js';
import type {Matches} from '../offers/match.js';
import type {Offer} from '../offers/offer.js';
import type {OfferTable} from '../offers/table.js';
import type {Problem} from '../system/problem.js';
import type {AttentionSettings} from './attention-settings.js';
import type {RefreshEnd} from './background-refresh.js';
import type {ImageChoice} from './images.js';
import type {BringHome} from './bring-home.js';
import type {RunHandle, UnsavedWork} from './handle.js';
import type {LedgerEntry} from './ledger.js';
import type {Orphan, Reconciled} from './reconcile.js';
import type {RunState} from './state.js';
import type {StepTimes} from './step-times.js';

/** What a person chose so far. Screens and commands build it up. */
export type Choice = {
	/** Absolute folder that was named, `.` by default. */
	readonly folder: string;
	readonly configuration: ConfigurationFile;
	readonly profile: Profile | undefined;
	readonly flags: RequirementFlags;
	/** `-n NAME`; undefined for a generated one. */
	readonly name: string | undefined;
};

/** Requirements and configuration after flags, profile and defaults are laid over each other. */
export type Request = {
	readonly choice: Choice;
	readonly requirements: Requirements;
	readonly environment: DevEnvironment;
};

/** A backend as the offers screen shows it. */
export type BackendListing = BackendStatus & {
	readonly settled: boolean;
	/** Its offers in the table, and how many of them it told itself. */
	readonly count: number;
	readonly live: number;
	/** Of what the catalogue says of it, milliseconds since the epoch. */
	readonly catalogueDate?: number;
	/** Whether it tells what its spot markets cost before. */
	readonly tellsHistory?: boolean;
};

/** What the offers screen and `offers` show: everything that is known so far, and the rows that match, in the plan's order. */
export type OfferListing = {
	readonly table: OfferTable;
	readonly matches: Matches;
	readonly backends: readonly BackendListing[];
	/** Whether everybody has answered. */
	readonly complete: boolean;
};

/** What a person chose of the grid of offers, kept between sessions. */
export type GridChoices = {
	readonly sort?: readonly SortKey[];
	readonly group?: GroupBy;
	readonly columns?: readonly ColumnId[];
	readonly history?: readonly string[];
};

/** What happens with a port that starts to listen inside: the person is asked, it is forwarded at once, or nobody looks. */
export type ForwardPolicy = 'ask' | 'always' | 'never';

/** One port as the plan has it: `wanted` was taken by `holder`, so `local` is offered instead. */
export type PlannedPort = {
	readonly local: number;
	readonly remote: number;
	readonly wanted: number | undefined;
	readonly holder: string | undefined;
	/** The instance shares this machine's network: no forward is needed. */
	readonly direct: boolean;
	/** In that network the port inside was another program's: `remote` is the one to listen on there instead. */
	readonly moved?: {readonly from: number; readonly holder: string};
};

/** The code that will be copied. Bytes. */
export type CodeSummary = Omit<CodeManifest, 'entries' | 'staged'>;

/** Everything that is checked before anything is spent; what the plan screen shows and a launch carries out. */
export type Plan = {
	readonly request: Request;
	readonly name: string;
	readonly offer: Offer;
	/** What is tried after it, in this order, where it cannot be had. */
	readonly others: readonly Offer[];
	/** Offers that are much dearer need no question, up to the price limit that was asked for. */
	readonly agreed: boolean;
	/** What the environment starts from, and how its build stands. */
	readonly image: ImageChoice;
	readonly code: CodeSummary;
	readonly ports: readonly PlannedPort[];
	/** Milliseconds since the epoch at which the instance would end itself if launched now; undefined for never. */
	readonly deadline: number | undefined;
	/** Seconds from its launch until it is ready, as earlier runs took; undefined where that is not known. */
	readonly expected?: number | undefined;
	/** What the person should know first, one line each. */
	readonly warnings: readonly string[];
};

export type PlanOptions = Partial<Pick<Plan, 'others' | 'agreed'>>;

/** The core of the program: the same under the screens and under the commands. Failures are `Problem`s. */
export type Engine = {
	/** Absolute folder the program was started for. */
	readonly folder: string;
	configurations(): Promise<readonly ConfigurationFile[]>;
	profiles(): Promise<ProfilesFile>;
	/** Told, a few times a second at most, when configurations or profiles change on disk. Returns the way to stop being told. */
	onFilesChanged(listener: () => void): () => void;
	/** Writes a first `.dstack.yml` into the folder, `text` or what the folder suggests, and returns it read back; refuses where one is. */
	writeStarter(text?: string): Promise<ConfigurationFile>;
	/** Writes wishes into a configuration or a profile, comments and formatting kept. Throws a `configuration` problem. */
	saveWishes(target: SaveTarget, wishes: Wishes): Promise<void>;
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
	/** Ends the run called `name`, whoever looks after it, and waits until that is confirmed. */
	stop(name: string, reason: string): Promise<void>;
	/** What ending the run called `name` would lose; undefined where that cannot be found out. */
	unsavedWork(name: string): Promise<UnsavedWork | undefined>;
	/** Brings home what ending the run called `name` would lose; it goes on. Throws a `Problem`, also where it cannot be reached. */
	bringHome(name: string, options?: BringHome): Promise<BroughtHome>;
	/** The logs on disk, in the order of the steps, in lines that are safe to draw; `rest` is a last line that has no end yet. */
	logs(
		name: string,
	): Promise<ReadonlyArray<{readonly step: StepId; readonly lines: readonly string[]; readonly rest: readonly string[]}>>;
	/**
	The run of this very choice whose program died without letting go of it: starting again means to go on with that one, not to make
	a second.
	*/
	interrupted(choice: Choice): Promise<RunState | undefined>;
	/** All runs, newest first, checked against their backends; `gone` ones only with `all`. What could not be checked is told to `note`. */
	runs(options?: {readonly all?: boolean; readonly note?: (line: string) => void}): Promise<readonly RunState[]>;
	/** The same, with what no journal tells of; also removes what ended instances left behind. */
	reconcile(): Promise<Reconciled>;
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
		/** Where built images are kept, for clouds to fetch: `ghcr.io/team/builds`. */
		registry(): string | undefined;
		/** All settings of images and of the IDE, read when first asked for; what is written wrongly is told in its `problems`. */
		images(): ImageSettings;
	};
};
