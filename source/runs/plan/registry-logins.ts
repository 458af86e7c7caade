import {interpolate} from '../../configuration/grammar/interpolation.js';
import {ownValues, type VariableSource, variableSources} from '../../configuration/resolve/value-sources.js';
import type {DevEnvironment} from '../../configuration/model.js';
import {parseReference} from '../../system/image-reference.js';
import {Problem} from '../../system/problem.js';
import {programName} from '../../system/program-name.js';
import type {RunContext} from '../context.js';
import type {Plan, RegistryLogin, Request} from '../model/choice.js';
import type {ImageChoice, ImageQuestion} from '../model/image-choice.js';
import {keepAgreed, readAgreed} from '../settings/agreed-logins.js';

/**
What of the person's own the registry of `image` would get: a login of `registry_auth`, or values in the image's name. `asked` has no value in
its place yet, `settled` has. Throws a `configuration` problem where a secret is to be part of the name, which stands in logs.
*/
export async function registryLogins(
	context: Pick<RunContext, 'paths'>,
	{environment: asked, choice: {flags}}: Request,
	settled: DevEnvironment,
): Promise<readonly RegistryLogin[]> {
	const {image, registryAuth} = asked;
	if (image === undefined) {
		return [];
	}

	const variables = variableSources(asked, flags.env);
	const inName = ownValues(image, variables);
	const secret = inName.find(each => each.startsWith('secrets.'));
	if (secret !== undefined) {
		throw new Problem(
			'configuration',
			`\`image\` holds ${secret}, and the name of an image stands in logs and is sent to its registry`,
			{
				next: 'Take it out of the name; `registry_auth` is the place for a login.',
			},
		);
	}

	const login = registryAuth
		? [...new Set([registryAuth.username, registryAuth.password].flatMap(text => ownValues(text, variables)))]
		: [];
	if (inName.length + login.length === 0) {
		return [];
	}

	const host = hostOf(image, variables, settled);
	const [agreed, flagged] = [(await readAgreed(context.paths)).get(host), flags.sendSecrets?.includes(host) ?? false];
	return [
		{by: 'registry_auth' as const, values: login},
		{by: 'image' as const, values: inName},
	]
		.filter(({values}) => values.length > 0)
		.map(({by, values}) => ({host, by, values, agreed: flagged || values.every(value => agreed?.has(value) ?? false)}));
}

/** The registry's host by the image's name; a value of the person's own in it shows as its name alone. */
function hostOf(image: string, variables: readonly VariableSource[], {env}: DevEnvironment): string {
	const shown = interpolate(image, ({namespace, name}) =>
		namespace === 'env' && ownValues(`\${{ env.${name} }}`, variables).length === 0 ? env[name] : name.toLowerCase(),
	);
	try {
		return parseReference(shown).registry;
	} catch {
		return shown.split('/')[0] ?? shown;
	}
}

/**
Decides the image with no more than was agreed to: until then the registry is asked as anybody could ask it, or not at all where the name itself
holds a value of the person's own. What it does not tell then is found out at the start, before anything is spent.
*/
export async function chooseWithheld(
	context: Pick<RunContext, 'images'>,
	question: ImageQuestion,
	logins: readonly RegistryLogin[],
	signal: AbortSignal,
): Promise<ImageChoice> {
	const withheld = logins.filter(({agreed}) => !agreed);
	const [first] = withheld;
	if (!first) {
		return context.images.choose(question, signal);
	}

	const {environment} = question;
	const unknown = (why: string): ImageChoice => ({
		image: undefined,
		decision: environment.build.length > 0 ? 'unasked' : 'none',
		build: undefined,
		why: [why],
	});
	if (withheld.some(({by}) => by === 'image')) {
		return unknown(`${first.host} is asked about the image only when you have said yes to what its name holds.`);
	}

	try {
		return await context.images.choose({...question, environment: {...environment, registryAuth: undefined}}, signal);
	} catch (error) {
		if (!(error instanceof Problem)) {
			throw error;
		}

		return {...unknown(`Without the login ${first.host} does not tell: ${error.message}.`), image: environment.image};
	}
}

/** The plan with a yes to all that its registries would get. */
export const withLogins = (plan: Plan): Plan => ({...plan, logins: plan.logins.map(login => ({...login, agreed: true}))});

/** What the last look before a start asks of a plan: nothing goes to a registry that was not agreed to, and what was is kept. */
export async function keepLogins(context: Pick<RunContext, 'paths'>, {logins}: Plan): Promise<void> {
	const unagreed = logins.find(({agreed}) => !agreed);
	if (unagreed) {
		throw new Problem('usage', `${unagreed.host} would get ${unagreed.values.join(', ')}, and nobody agreed to that`, {
			next: `Say it: \`${programName} run --send-secrets ${unagreed.host}\`.`,
		});
	}

	if (logins.length > 0) {
		await keepAgreed(context.paths, logins);
	}
}
