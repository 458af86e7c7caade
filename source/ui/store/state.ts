import type {ConfigurationFile, Profile, ProfilesFile, RequirementFlags} from '../../configuration/model.js';
import type {Pane} from '../../environment/step.js';
import type {ColumnId} from '../../offers/columns.js';
import type {Offer} from '../../offers/offer.js';
import type {OfferListing, Plan, Request} from '../../runs/engine.js';
import type {RunHandle} from '../../runs/handle.js';
import type {RunState} from '../../runs/state.js';

export type ScreenName = 'configurations' | 'profiles' | 'form' | 'offers' | 'plan' | 'run' | 'environments';
export type Tab = Pane | 'all';
export const tabs: readonly Tab[] = ['build', 'setup', 'events', 'all'];

/** A question over the screen. Escape chooses nothing. */
export type Dialog = {
	readonly title: string;
	readonly lines: readonly string[];
	readonly options: ReadonlyArray<{readonly label: string; readonly value: string}>;
	/** The option under the cursor. */
	readonly index: number;
	readonly choose: (value: string | undefined) => void;
};

/** A line of text that is being typed. `before` is what it was, `index` the line of the palette under the cursor. */
export type Field = {
	readonly id: 'filter' | 'search' | 'name' | 'extend' | 'palette' | 'override' | 'profile-name' | 'prompt';
	readonly label: string;
	readonly text: string;
	readonly before: string;
	readonly index: number;
};

/** What went wrong, where it is shown in place. */
export type Trouble = {readonly message: string; readonly details: readonly string[]; readonly next: string | undefined};

/** The run that is on the screen. `top` is the first log line shown, undefined while the newest are followed. */
export type RunView = {
	readonly handle: RunHandle;
	readonly tab: Tab;
	readonly top: number | undefined;
	readonly search: string;
	readonly showLogs: boolean;
};

export type AppState = {
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
	readonly configurations: readonly ConfigurationFile[] | undefined;
	readonly profiles: ProfilesFile | undefined;
	readonly trouble: Trouble | undefined;
	readonly configuration: ConfigurationFile | undefined;
	readonly profile: Profile | undefined;
	readonly flags: RequirementFlags;
	readonly name: string | undefined;
	readonly request: Request | undefined;
	/** What a text that is being typed into the form would ask for, or why it does not read. */
	readonly tentative: {readonly request?: Request; readonly problem?: string} | undefined;
	readonly listing: OfferListing | undefined;
	/** What the grid shows: filtered and sorted. */
	readonly shown: readonly Offer[];
	readonly filter: string;
	readonly sort: {readonly column: ColumnId; readonly descending: boolean} | undefined;
	readonly offer: Offer | undefined;
	readonly plan: Plan | undefined;
	readonly run: RunView | undefined;
	readonly environments: readonly RunState[];
};

export const initialState = (columns: number, rows: number, now: number): AppState => ({
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
	cursor: {configurations: 0, profiles: 0, form: 0, offers: 0, plan: 0, run: 0, environments: 0},
	configurations: undefined,
	profiles: undefined,
	trouble: undefined,
	configuration: undefined,
	profile: undefined,
	flags: {},
	name: undefined,
	request: undefined,
	tentative: undefined,
	listing: undefined,
	shown: [],
	filter: '',
	sort: undefined,
	offer: undefined,
	plan: undefined,
	run: undefined,
	environments: [],
});

/** Lines of the body: all but the title, the message and the keys. */
export const bodyRows = ({rows}: AppState): number => Math.max(1, rows - 3);
