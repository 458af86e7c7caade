import type {BuildPolicy, DevEnvironment} from '../configuration/model.js';
import type {Offer} from '../offers/offer.js';

export type ImageQuestion = {
	readonly environment: DevEnvironment;
	readonly offer: Offer;
	/** Absolute folder that the code comes from. */
	readonly folder: string;
	/** Where the configuration lies, as builds are told apart by it. */
	readonly configurationLabel: string;
	readonly policy: BuildPolicy;
};

/** What an environment starts from, and how its build stands. */
export type ImageChoice = {
	/** Undefined for a host process. */
	readonly image: string | undefined;
	/**
	- `none`: there are no build commands, or they run in place. - `reuse`: their image is there. - `build`: they are to be run.
	- `missing`: their image is not there, and nobody asked to make it.
	*/
	readonly decision: 'none' | 'reuse' | 'build' | 'missing';
	readonly build:
		{readonly key: string; readonly reference: string; readonly labels: Readonly<Record<string, string>>} | undefined;
	/** Why it was decided so, one line each. */
	readonly why: readonly string[];
};

export type Login = {readonly username: string; readonly password: string; readonly serveraddress: string};

/** Where images come from and builds go to. Failures are `Problem`s. */
export type ImageSource = {
	choose(question: ImageQuestion, signal: AbortSignal): Promise<ImageChoice>;
	/** The login for an image's registry; undefined where there is none. */
	login(reference: string, registryAuth: DevEnvironment['registryAuth']): Promise<Login | undefined>;
	/** What a machine's engine has to be told. */
	engine(): Promise<{readonly insecureRegistries: readonly string[]; readonly mirrors: readonly string[]}>;
};
