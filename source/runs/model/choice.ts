import type {ConfigurationFile, DevEnvironment, Profile, RequirementFlags, Requirements} from '../../configuration/model.js';
import type {VariableSource} from '../../configuration/resolve/value-sources.js';
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
export type CodeSummary = Omit<CodeManifest, 'entries' | 'staged' | 'repository'>;

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

/** What of the person's own a registry would get, because the configuration says so. Names, never values. */
export type RegistryLogin = {
	readonly host: string;
	/** `secrets.TOKEN`, or `env.TOKEN` for a variable of the person's own. */
	readonly values: readonly string[];
	/** The key of the configuration that sends it. */
	readonly by: 'registry_auth' | 'image';
	/** Until it is, the registry gets nothing of it. */
	readonly agreed: boolean;
};

/** What goes from this machine into an environment beside the code. Names and places, never values. */
export type Leaving = {
	readonly files: ReadonlyArray<{
		/** As the configuration writes them. */
		readonly local: string;
		readonly remote: string;
		/** What is read here: absolute, with symbolic links followed. */
		readonly source: string;
		readonly bytes: number;
		/** It is not a part of the code. */
		readonly outside: boolean;
	}>;
	readonly variables: readonly VariableSource[];
	/** Names of the secrets that variables and the registry's login take in. */
	readonly secrets: readonly string[];
	/** The person's SSH agent is lent to sessions. */
	readonly agent: boolean;
	/** Ports there that lead to ports of this machine. */
	readonly reverse: ReadonlyArray<{readonly remote: number; readonly local: number}>;
};

/** What an environment is given where it runs. */
export type Given = {
	/** All rights over the machine that its container is on; also because a Docker engine inside needs them. */
	readonly privileged: boolean;
	readonly docker: boolean;
	/** Folders that are kept and given to the next environments of this configuration. Absolute, there. */
	readonly caches: readonly string[];
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
	/** What of the person's own a registry would get. */
	readonly logins: readonly RegistryLogin[];
	/** What goes from this machine into the environment beside the code, and what it is given where it runs. */
	readonly leaving: Leaving;
	readonly given: Given;
	/** A process of this machine that nobody named: the container that it stands in for. `-y` alone does not start it. */
	readonly instead?: Offer | undefined;
	/** What the person should know first, one line each. */
	readonly warnings: readonly string[];
};

export type PlanOptions = Partial<Pick<Plan, 'others' | 'agreed' | 'instead'>> & {
	/** Whether the person vouches for the folder of the code. @default what was said of it the last time */
	readonly trusted?: boolean | undefined;
};
