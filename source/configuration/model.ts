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
	readonly build: readonly string[];
	readonly setup: readonly string[];
	readonly init: readonly string[];
	readonly ports: readonly PortMapping[];
	/** Shell commands replace the image's own entry point where given. */
	readonly entrypoint: string | undefined;
	readonly homeDir: string | undefined;
	readonly cache: readonly string[];
};

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
};

export type SpotPolicy = 'spot' | 'on-demand' | 'auto';

export type GpuRequest = {
	readonly vendor?: string;
	/** Any of these names, as the field writes them (`A100`, `L4`); empty means any. */
	readonly names: readonly string[];
	readonly count: number;
	/** Memory of each GPU at least, MiB. */
	readonly memory?: number;
};

/** An entry of `profiles.yml`. */
export type Profile = {
	readonly name: string;
	readonly default: boolean;
	readonly backends: readonly string[] | undefined;
	readonly resources: {
		readonly cpu?: number;
		/** MiB. */
		readonly memory?: number;
		readonly gpu?: GpuRequest;
		/** MiB. */
		readonly shmSize?: number;
		/** MiB. */
		readonly disk?: number;
	};
	readonly spotPolicy: SpotPolicy | undefined;
	/** US dollars per hour. */
	readonly maxPrice: number | undefined;
	/** Seconds, or `off`. */
	readonly maxDuration: number | 'off' | undefined;
	readonly retry: {readonly limit: number} | 'off' | undefined;
	/** The profile in words, one line: `gpu ≥ 24GB ×1 · ≤ $1.50/h · up to 1d`. */
	readonly words: string;
};

/** The profiles file of a folder; `path` undefined when there is none, which is no problem. */
export type ProfilesFile = {
	readonly path: string | undefined;
	readonly diagnostics: readonly Diagnostic[];
	readonly profiles: readonly Profile[];
};

/** Where a value of the requirements came from, as it is shown: `--gpu`, `.dstack/profiles.yml:4`, `profile large`, `default`. */
export type Origin = string;

/** What configuration, profile and command line ask for together. */
export type Requirements = {
	readonly backends: readonly string[] | undefined;
	readonly regions: readonly string[] | undefined;
	readonly cpu: number;
	/** MiB at least. */
	readonly memory: number;
	/** MiB at least, undefined where nothing was asked. */
	readonly disk: number | undefined;
	readonly gpu: GpuRequest | undefined;
	/** MiB; undefined leaves the engine's default. */
	readonly shmSize: number | undefined;
	readonly spotPolicy: SpotPolicy;
	readonly maxPrice: number | undefined;
	/** Seconds, `off`, or undefined: then the backend's default holds (off on `local`, where nothing is billed). */
	readonly maxDuration: number | 'off' | undefined;
	readonly retry: {readonly limit: number} | 'off';
	/** Runtime needs that decide which offers can serve: only an engine can run an image. */
	readonly image: string | undefined;
	readonly origins: Readonly<Partial<Record<string, Origin>>>;
	/** The request in words, in pieces to be joined by ` · `. */
	readonly words: readonly string[];
};

/** The resource and policy flags of `run` and `offers`, already parsed to values. Each undefined when not given. */
export type RequirementFlags = {
	readonly profile?: string;
	readonly backends?: readonly string[];
	readonly regions?: readonly string[];
	readonly gpu?: string;
	readonly cpu?: string;
	readonly memory?: string;
	readonly disk?: string;
	readonly maxPrice?: string;
	readonly maxDuration?: string;
	readonly spotPolicy?: SpotPolicy;
	readonly retry?: 'on' | 'off' | {readonly limit: string};
	/** `K=V` as given. */
	readonly env?: readonly string[];
	/** Port mappings as given. */
	readonly ports?: readonly string[];
};
