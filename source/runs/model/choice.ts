import type {ConfigurationFile, DevEnvironment, Profile, RequirementFlags, Requirements} from '../../configuration/model.js';
import type {CodeManifest} from '../../environment/code/collect.js';
import type {Offer} from '../../offers/offer.js';
import type {ImageChoice} from './image-choice.js';

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

/** The code that will be copied. Bytes. */
export type CodeSummary = Omit<CodeManifest, 'entries' | 'staged'>;

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
