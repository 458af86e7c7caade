/** A problem of a file, at a place in it. Lines and columns count from 1. */
export type Diagnostic = {
	readonly severity: 'error' | 'warning';
	/** The file's path as it is shown: relative to the folder the program looks at, where it lies below it. */
	readonly file: string;
	readonly line: number;
	readonly column: number;
	/** What is wrong, and what was expected. One sentence, safe to draw. */
	readonly message: string;
	/** The line of the file that the problem is in, safe to draw; for the caret under it. */
	readonly source?: string;
	/** What was probably meant: a key, a value, a name. */
	readonly suggestion?: string;
};

/** A mapping of a port on the person's machine to one inside the environment. */
export type PortMapping = {
	/** The wanted local port; undefined lets the program choose a free one (`*:8000`). */
	readonly local: number | undefined;
	readonly remote: number;
};

/** A port inside the environment that leads to one of the person's machine. */
export type ReversePort = {readonly remote: number; readonly local: number};

export type Ide = 'vscode' | 'vscode-insiders' | 'cursor' | 'windsurf' | 'zed';

/** A checked `.dstack.yml` of type `dev-environment`. Memory and sizes are MiB everywhere. */
export type DevEnvironment = {
	readonly name: string | undefined;
	readonly ide: Ide | undefined;
	readonly image: string | undefined;
	readonly registryAuth: {readonly username: string; readonly password: string} | undefined;
	/** `3.11`, never a number: 3.10 is not 3.1. */
	readonly python: string | undefined;
	readonly env: Readonly<Record<string, string>>;
	/** Names in `env` without a value: it is taken from the caller's own environment when a run is planned. */
	readonly callerEnv: readonly string[];
	readonly build: readonly string[];
	readonly setup: readonly string[];
	readonly init: readonly string[];
	readonly ports: readonly PortMapping[];
	/** Shell commands replace the image's own entry point where given. */
	readonly entrypoint: string | undefined;
	readonly homeDir: string | undefined;
	readonly cache: readonly string[];
	/** Where commands and people start, absolute or relative to the code; undefined for the code's own folder. */
	readonly workingDir: string | undefined;
	readonly user: string | undefined;
	readonly shell: string | undefined;
	readonly files: readonly FileMapping[];
	readonly privileged: boolean;
	/** A Docker engine inside. */
	readonly docker: boolean;
	/** CUDA's compiler in the default image. */
	readonly nvcc: boolean;
};

/** A file or folder of the person's machine that is copied beside the code. */
export type FileMapping = {readonly local: string; readonly remote: string};

/** From `min` to `max`, both included; undefined where there is no bound. */
export type Range = {readonly min?: number; readonly max?: number};

export type SpotPolicy = 'spot' | 'on-demand' | 'auto';

export type CpuRequest = {readonly architecture?: 'x86_64' | 'arm64'; readonly count: Range};

/** What a GPU has to be; only what was said. A count that was not said means one or more. */
export type GpuRequest = {
	readonly vendor?: string;
	/** Any of these names, as the field writes them (`A100`, `L4`). */
	readonly names?: readonly string[];
	readonly count?: Range;
	/** Memory of each, MiB. */
	readonly memory?: Range;
	/** Memory of all together, MiB. */
	readonly totalMemory?: Range;
	/** NVIDIA's compute capability: `{min: 8}`. */
	readonly computeCapability?: Range;
};

export const retryEvents = ['no-capacity', 'interruption', 'error'] as const;

/** Trying again, for `limit` seconds, after these events. */
export type Retry = {readonly limit: number; readonly on: readonly (typeof retryEvents)[number][]};

/** What a configuration, a profile and the command line may each ask of an instance and of a run; undefined where one says nothing. */
export type RequirementSettings = {
	readonly backends?: readonly string[];
	readonly regions?: readonly string[];
	readonly availabilityZones?: readonly string[];
	readonly instanceTypes?: readonly string[];
	readonly cpu?: CpuRequest;
	/** MiB. */
	readonly memory?: Range;
	/** MiB. */
	readonly disk?: Range;
	readonly gpu?: GpuRequest;
	/** MiB. */
	readonly shmSize?: number;
	readonly spotPolicy?: SpotPolicy;
	/** US dollars per hour. */
	readonly maxPrice?: number;
	/** Seconds. */
	readonly maxDuration?: number | 'off';
	/** Seconds. */
	readonly inactivityDuration?: number | 'off';
	readonly retry?: Retry | 'off';
	readonly tags?: Readonly<Record<string, string>>;
};

export type RequirementKey = keyof RequirementSettings;

/** Where a value came from, as it is shown: `--gpu`, `.dstack/profiles.yml:4`, `default`. */
export type Origin = string;

export type Origins = Readonly<Partial<Record<RequirementKey, Origin>>>;

/** One `*.dstack.yml` that was found, whether it is sound or not. */
export type ConfigurationFile = {
	/** Absolute. */
	readonly path: string;
	/** Relative to the folder that was searched. */
	readonly file: string;
	/** Its `name`, else `file`. Unique among the files of one search, or both are refused. */
	readonly label: string;
	/** The file's text, safe to draw; at most the first 200 lines. */
	readonly text: string;
	readonly diagnostics: readonly Diagnostic[];
	/** Undefined when an error makes it unusable. */
	readonly environment: DevEnvironment | undefined;
	/** The resources and policies that it asks for itself, and the lines that do. */
	readonly settings: RequirementSettings;
	readonly origins: Origins;
};

/** An entry of a `profiles.yml`. */
export type Profile = {
	readonly name: string;
	readonly default: boolean;
	readonly settings: RequirementSettings;
	readonly origins: Origins;
	/** The profile in words, one line: `gpu memory ≥ 24 GB, 1 or more · ≤ $1.50/h · ends itself after 1 day`. */
	readonly words: string;
	/** The file that contains it, as it is shown, and its place in that file's list; where editing begins. */
	readonly file: string;
	readonly path: string;
	readonly index: number;
};

/** The profiles of a folder, those of the person's home folder after them. No file at all is no problem. */
export type ProfilesFile = {
	/** Absolute paths of the files that there are, the repository's first. */
	readonly paths: readonly string[];
	readonly diagnostics: readonly Diagnostic[];
	readonly profiles: readonly Profile[];
};

/** One thing that is asked for, in words, and who asked. */
export type Asked = {readonly key: RequirementKey; readonly words: string; readonly origin: Origin};

/** What configuration, profile and command line ask for together, with the defaults. */
export type Requirements = Omit<RequirementSettings, 'cpu' | 'memory' | 'spotPolicy' | 'retry'> & {
	readonly cpu: CpuRequest;
	readonly memory: Range;
	readonly spotPolicy: SpotPolicy;
	readonly retry: Retry | 'off';
	/** Bounds that nobody asked for: they keep toy instances out of a cloud's offers, and rule out nothing that costs nothing. */
	readonly assumed: ReadonlySet<'cpu' | 'memory'>;
	/** Runtime needs that decide which offers can serve: only an engine can run an image. */
	readonly image: string | undefined;
	/** What an engine runs where no `image` is named, as the settings have it; undefined for the engine's own default. */
	readonly baseImage?: string;
	/** Everything above that was asked for, in the order of weight, then the defaults that matter. */
	readonly asked: readonly Asked[];
	/** The same as one line of words, in pieces to be joined by ` · `. */
	readonly words: readonly string[];
};

export const buildPolicies = ['use', 'build', 'force-build'] as const;
export type BuildPolicy = (typeof buildPolicies)[number];

/** The resource and policy flags of `run` and `offers`, as given. Each undefined when not given. */
export type RequirementFlags = {
	/** A name; `false` for none, also where there is a default. */
	readonly profile?: string | false;
	readonly backends?: readonly string[];
	readonly regions?: readonly string[];
	readonly instanceTypes?: readonly string[];
	readonly gpu?: string;
	readonly cpu?: string;
	readonly memory?: string;
	readonly disk?: string;
	readonly maxPrice?: string;
	readonly maxDuration?: string;
	readonly spotPolicy?: SpotPolicy;
	readonly retry?: 'on' | 'off' | {readonly limit: string};
	/** `K=V`, or `K` alone for the caller's own value. */
	readonly env?: readonly string[];
	/** Port mappings as given. */
	readonly ports?: readonly string[];
	/** Ports of the environment that are to lead here, as given. */
	readonly reverse?: readonly string[];
	readonly build?: BuildPolicy;
	/** Hosts of registries that may get the user's values that the configuration sends them. */
	readonly sendSecrets?: readonly string[];
	/** Lends the person's SSH agent to sessions in the environment. */
	readonly forwardAgent?: boolean;
};
