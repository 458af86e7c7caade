import type {Tab} from '../logs/log-lines.js';
import type {Trouble} from '../drawing/frame.js';
import type {PriceHistory} from '../../backends/backend.js';
import type {BackendEntry} from '../../backends/report.js';
import type {ConfigurationFile, Profile, ProfilesFile, RequirementFlags} from '../../configuration/model.js';
import type {Offer} from '../../offers/offer.js';
import type {OfferListing} from '../../runs/model/listing.js';
import type {Plan, Request} from '../../runs/model/choice.js';
import type {RunSnapshot} from './run-snapshot.js';
import {type Grid, initialGrid, nothingShown, type Shown} from './grid-state.js';
import type {Orphan} from '../../runs/model/reconciled.js';
import type {RunState} from '../../runs/model/state.js';
import type {StepTimes} from '../../runs/model/step-times.js';
import type {Wait} from '../../system/waits.js';
import type {Load} from '../../tunnel/observe/machine-load.js';

export type ScreenName =
	'configurations' | 'profiles' | 'form' | 'offers' | 'compare' | 'plan' | 'run' | 'environments' | 'backends';

/** A question over the screen; `App.choose` answers it. Escape chooses nothing. */
export type Dialog = {
	readonly title: string;
	readonly lines: readonly string[];
	/** `key` chooses an option at once. */
	readonly options: ReadonlyArray<{readonly label: string; readonly value: string; readonly key?: string}>;
	/** The option under the cursor. */
	readonly index: number;
};

/** A line of text that is being typed. `before` is what it was, `index` the line of the palette under the cursor. */
export type Field = {
	readonly id: 'filter' | 'search' | 'name' | 'extend' | 'palette' | 'override' | 'profile-name' | 'prompt';
	readonly label: string;
	readonly text: string;
	readonly before: string;
	readonly index: number;
};

/** A run in its tab: how it is, and how it is looked at. */
export type RunView = RunSnapshot & {
	readonly tab: Tab;
	/** The first log line shown, undefined while the newest are followed. */
	readonly top: number | undefined;
	readonly search: string;
	/** The log line that the search is at. */
	readonly found: number | undefined;
	readonly showLogs: boolean;
	/** How long steps took in earlier runs; none until that is read. */
	readonly times: StepTimes;
	/** Long log lines go on below, instead of being cut. */
	readonly isWrapped: boolean;
	/** The line of its ports under the cursor, as `portItems` names them. */
	readonly port: string | undefined;
	/** How busy it was while it was on the screen, newest last, at most 60. */
	readonly loads: readonly Load[];
	/** What listens at its ports, as far as that was told when they were offered. */
	readonly listeners: ReadonlyMap<number, string>;
};

/** Why a row of the list shows only what its journal says. */
export type RowCheck = {readonly kind: 'asking'} | {readonly kind: 'unanswered'; readonly why: string};

/** How the backends stand, as far as is known. */
export type BackendsView = {
	readonly entries: readonly BackendEntry[];
	/** Whether all have answered; until then an `untested` one is being asked. */
	readonly complete: boolean;
	/** What is wrong in the settings' files and was not said with a backend. */
	readonly problems: readonly string[];
};

/** What is known of the past of the offer called `id`. */
export type SpotView = {readonly id: string} & ({readonly told: PriceHistory} | {readonly problem: string});

/** The frame that every screen has, and what lies over it. */
export type FrameState = {
	readonly screen: ScreenName;
	readonly back: readonly ScreenName[];
	readonly columns: number;
	readonly rows: number;
	/** Milliseconds since the epoch, moved once a second while something on the screen depends on it. */
	readonly now: number;
	/** Moves while something works. */
	readonly beat: number;
	readonly message: {readonly text: string; readonly tone: 'info' | 'error'} | undefined;
	readonly busy: string | undefined;
	readonly dialog: Dialog | undefined;
	readonly field: Field | undefined;
	/** First line of the help that is shown; undefined while it is not. */
	readonly help: number | undefined;
	readonly cursor: Readonly<Record<ScreenName, number>>;
	readonly trouble: Trouble | undefined;
	/** What is waited for longer than a moment, the oldest first. */
	readonly waits: readonly Wait[];
	/** Whether the terminal is to report the mouse; undefined where it never is. */
	readonly mouse: boolean | undefined;
	/** Whether the terminal has the focus: without it nothing on the screen ticks. */
	readonly focused: boolean;
};

/** What the folder holds. */
export type FolderState = {
	/** Its path, neutralised. */
	readonly folder: string;
	readonly configurations: readonly ConfigurationFile[] | undefined;
	readonly profiles: ProfilesFile | undefined;
};

/** What was chosen so far, and what that asks for. */
export type ChoiceState = {
	readonly configuration: ConfigurationFile | undefined;
	readonly profile: Profile | undefined;
	readonly flags: RequirementFlags;
	readonly name: string | undefined;
	/** Whether the person vouches for the code, as they have said here; undefined for what they said of it the last time. */
	readonly trusted: boolean | undefined;
	readonly request: Request | undefined;
	/** What a text that is being typed into the form would ask for, or why it does not read. */
	readonly tentative: {readonly request?: Request; readonly problem?: string} | undefined;
};

/** The grid of offers. */
export type OffersState = {
	/** Its table is the one object here that is no plain data: columns of all offers, which screens only read. */
	readonly listing: OfferListing | undefined;
	/** What the refresh of the catalogue does, or why it came to nothing. */
	readonly refreshing: string | undefined;
	readonly grid: Grid;
	/** What the grid shows of the listing. */
	readonly shown: Shown;
	/** The first row of the grid that is on the screen, moved as little as possible. */
	readonly gridTop: number;
	/** What the offer in the drawer cost before, or why that is not known. */
	readonly history: SpotView | undefined;
};

/** The offer that was chosen, and what is planned with it. */
export type PlanState = {
	readonly offer: Offer | undefined;
	readonly plan: Plan | undefined;
};

/** The runs that this program holds. */
export type TabsState = {
	/** The run of the tab that is open; it stays so while the list or another screen is shown. */
	readonly run: RunView | undefined;
	/** All tabs in their order. The one of `run` is read with `openRuns`, which knows how it is now. */
	readonly runs: readonly RunView[];
};

/** The list of environments. */
export type EnvironmentsState = {
	readonly environments: readonly RunState[];
	/** Instances of this installation that no journal here tells of. */
	readonly orphans: readonly Orphan[];
	/** When the clouds were compared with the journals last, and what was ended, swept or not found out. */
	readonly reconciled: {readonly at: number; readonly notes: readonly string[]} | undefined;
	/** Rows of the list that show what their journal says: their backend is being asked, or has not answered. */
	readonly checks: ReadonlyMap<string, RowCheck>;
};

export type BackendsState = {
	/** How the backends stand; undefined until they are looked at. */
	readonly backends: BackendsView | undefined;
};

/**
All that screens are drawn from, as plain data: a snapshot, in which nothing changes afterwards. What acts and what is acted on, such as the
handle of a run, is the `App`'s.
*/
export type AppState = FrameState &
	FolderState &
	ChoiceState &
	OffersState &
	PlanState &
	TabsState &
	EnvironmentsState &
	BackendsState;

export const initialState = (folder: string, {columns, rows}: Pick<AppState, 'columns' | 'rows'>, now: number): AppState => ({
	screen: 'configurations',
	back: [],
	columns,
	rows,
	now,
	beat: 0,
	message: undefined,
	busy: undefined,
	dialog: undefined,
	field: undefined,
	help: undefined,
	cursor: {configurations: 0, profiles: 0, form: 0, offers: 0, compare: 0, plan: 0, run: 0, environments: 0, backends: 0},
	folder,
	configurations: undefined,
	profiles: undefined,
	trouble: undefined,
	configuration: undefined,
	profile: undefined,
	flags: {},
	name: undefined,
	trusted: undefined,
	request: undefined,
	tentative: undefined,
	listing: undefined,
	refreshing: undefined,
	grid: initialGrid,
	shown: nothingShown,
	gridTop: 0,
	history: undefined,
	offer: undefined,
	plan: undefined,
	run: undefined,
	runs: [],
	environments: [],
	orphans: [],
	reconciled: undefined,
	checks: new Map(),
	waits: [],
	backends: undefined,
	mouse: undefined,
	focused: true,
});

/** Every run that this program holds, in the order of the tabs. */
export const openRuns = ({run, runs}: TabsState): readonly RunView[] => runs.map(each => (each.name === run?.name ? run : each));
