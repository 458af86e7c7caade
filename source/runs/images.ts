import {createHash} from 'node:crypto';
import type {Login} from '../environment/images/registry-auth.js';
import {requireSettings} from '../environment/images/settings.js';
import {readSecretsFile} from '../configuration/secrets.js';
import type {BuildPolicy, DevEnvironment} from '../configuration/model.js';
import type {Offer} from '../offers/offer.js';
import type {Clock} from '../system/clock.js';
import {familiarName, fullName, parseReference} from '../system/image-reference.js';
import type {Paths} from '../system/paths.js';
import {Problem} from '../system/problem.js';
import {askBase, type ImageMeans, loginForImage} from './build-base.js';
import {decideBuild} from './builds.js';
import {loadImageSettings} from './preferences.js';

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
	- `missing`: their image is not there, and nobody asked to make it.
	*/
	readonly decision: 'none' | 'reuse' | 'build' | 'missing';
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

/** Images as the person's settings have them. */
export function createImageSource(paths: Paths, clock: Clock, variables: NodeJS.ProcessEnv): ImageSource {
	const readMeans = async (signal?: AbortSignal): Promise<ImageMeans> => {
		const [settings, secrets] = await Promise.all([loadImageSettings(paths), readSecretsFile(paths.secrets)]);
		return {settings, secrets, variables, ...(signal ? {signal} : {})};
	};

	return {
		async choose({environment, declared, offer, workspace, configuration, policy}, signal) {
			const means = await readMeans(signal);
			const wish = {
				policy,
				environment,
				declared: {...environment, ...declared},
				configuration,
				workspace,
				now: clock.now(),
			};
			const {decision, base, build, why} = await decideBuild(wish, offer, means);
			const isHere = offer.backend === 'local';
			const isNamed = decision === 'none' && environment.image !== undefined && !isHere;
			return {
				image: decision === 'reuse' ? build?.reference : isHere ? base : base && pinned(base, build?.baseDigest),
				decision,
				build: build && {key: build.key, reference: build.reference, labels: build.labels},
				why: isNamed ? await cautionsOf(environment, offer, means) : why,
			};
		},
		async login(reference, environment) {
			const means = await readMeans();
			requireSettings(means.settings, ['registry']);
			const {registry} = parseReference(reference);
			const login = await loginForImage(registry, environment, means);
			return login && engineLogin(login, registry);
		},
		async cache(keys) {
			const {settings} = await readMeans();
			requireSettings(settings, ['registry']);
			const {registry} = settings;
			const digest = createHash('sha256').update(keys.join('\0')).digest('hex').slice(0, 32);
			return registry && fullName({...registry, tag: `c-${digest}`, digest: undefined});
		},
		async engine() {
			const {settings} = await readMeans();
			requireSettings(settings, ['insecure_registries']);
			return {insecureRegistries: settings.insecureRegistries};
		},
	};
}

/** What a cloud would find out of an image only when it is paid for. A registry that cannot be asked from here may well answer there. */
async function cautionsOf(environment: DevEnvironment, offer: Offer, means: ImageMeans): Promise<string[]> {
	try {
		await askBase(environment, offer, means);
		return [];
	} catch (error) {
		if (!(error instanceof Problem) || error.kind === 'configuration') {
			throw error;
		}

		return [`The image could not be asked for from here: ${error.message}.`];
	}
}

/** What is built upon is what the build is known by, whatever its tag has become meanwhile. */
function pinned(name: string, digest: string | undefined): string {
	return digest === undefined ? name : familiarName({...parseReference(name), tag: undefined, digest});
}

const engineLogin = (login: Login, serveraddress: string): EngineLogin =>
	login.kind === 'password'
		? {username: login.username, password: login.password, serveraddress}
		: login.kind === 'identity'
			? {identitytoken: login.token, serveraddress}
			: {registrytoken: login.token, serveraddress};
