import type {BuildPolicy, DevEnvironment} from '../../configuration/model.js';
import type {Offer} from '../../offers/offer.js';

/** What build commands and their variables are as the configuration writes them, references and all. */
export type Declared = Pick<DevEnvironment, 'build' | 'env'>;

export type ImageQuestion = {
	/** With all values in their places. */
	readonly environment: DevEnvironment;
	readonly declared: Declared;
	readonly offer: Offer;
	/** The code that is copied: its root on this machine, and where the chosen folder lies below it. */
	readonly workspace: {readonly root: string; readonly subfolder: string};
	/** The configuration's file, relative to the chosen folder. */
	readonly configuration: string;
	readonly policy: BuildPolicy;
};

/** What an environment starts from, and how its build stands. */
export type ImageChoice = {
	/** Undefined for a host process. */
	readonly image: string | undefined;
	/**
	- `none`: there are no build commands, or they run in place. - `reuse`: their image is there. - `build`: they are to be run.
	- `missing`: their image is not there, and nobody asked to make it. - `unasked`: only the start finds out, since the registry tells nothing without
	what was not agreed to yet.
	*/
	readonly decision: 'none' | 'reuse' | 'build' | 'missing' | 'unasked';
	readonly build:
		{readonly key: string; readonly reference: string; readonly labels: Readonly<Record<string, string>>} | undefined;
	/** Why it was decided so, one line each. */
	readonly why: readonly string[];
};

/** As a Docker engine is told it, in its header X-Registry-Auth. */
export type EngineLogin = {readonly serveraddress: string} & (
	{readonly username: string; readonly password: string} | {readonly identitytoken: string} | {readonly registrytoken: string}
);

/** Where images come from and builds go to. Failures are `Problem`s. */
export type ImageSource = {
	choose(question: ImageQuestion, signal: AbortSignal): Promise<ImageChoice>;
	/** The login for an image's registry; undefined where there is none. */
	login(reference: string, environment: Pick<DevEnvironment, 'image' | 'registryAuth'>): Promise<EngineLogin | undefined>;
	/** The image that caches of these keys are kept as; undefined where there is no registry. */
	cache(keys: readonly string[]): Promise<string | undefined>;
	/** What a machine's engine has to be told. */
	engine(): Promise<{readonly insecureRegistries: readonly string[]}>;
};
