import type {EngineLogin, ImageSource} from '../model/image-choice.js';
import {createHash} from 'node:crypto';
import type {Login} from '../../environment/images/registry-auth.js';
import {requireSettings} from '../../environment/images/settings.js';
import {readSecretsFile} from '../../configuration/files/secrets.js';
import type {DevEnvironment} from '../../configuration/model.js';
import type {Offer} from '../../offers/offer.js';
import type {Clock} from '../../system/clock.js';
import {familiarName, fullName, parseReference} from '../../system/image-reference.js';
import type {Paths} from '../../system/paths.js';
import {Problem} from '../../system/problem.js';
import {askBase, type ImageMeans, loginForImage} from './base-image.js';
import {decideBuild} from './decide-build.js';
import {loadImageSettings} from '../settings/preferences.js';

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
