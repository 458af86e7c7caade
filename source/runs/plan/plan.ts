import {mkdir, statfs} from 'node:fs/promises';
import {readSecretsFile} from '../../configuration/files/secrets.js';
import {resolveEnvironment} from '../../configuration/resolve/resolve-references.js';
import {BackendError} from '../../backends/backend.js';
import {unsupportedKeys} from '../../agents/container/unsupported-keys.js';
import {backends, canLaunch} from '../../backends/registry.js';
import {collectCode} from '../../environment/code/collect.js';
import {pythonMissingHere} from '../../environment/python-here.js';
import {formatBytes} from '../../system/format.js';
import {mismatch} from '../../offers/matching.js';
import {instanceKind} from '../../offers/instance-kind.js';
import type {Offer} from '../../offers/offer.js';
import {Problem} from '../../system/problem.js';
import {chooseName} from './choose-name.js';
import type {RunContext} from '../context.js';
import type {Declared, ImageChoice} from '../model/image-choice.js';
import {durationOf} from '../model/default-duration.js';
import type {Plan, PlannedPort, PlanOptions, Request} from '../model/choice.js';
import {timeToReady} from '../model/expected-times.js';
import {givenOf, leavingOf} from './leaving.js';
import {chooseWithheld, registryLogins} from './registry-logins.js';
import {planPorts} from './plan-ports.js';
import {provisioningProblem} from '../words/problems.js';
import {readStepTimes} from '../model/step-times.js';

/** Left free beside the code, so that the machine goes on working. Bytes. */
const diskReserve = 256 * 1024 * 1024;
/** How long a cloud or a registry may take to answer. Milliseconds. */
const checkLimit = 30_000;

/** Checks everything that can be checked before anything is spent. Throws `Problem`s. */
export async function makePlan(
	context: RunContext,
	asked: Request,
	offer: Offer,
	registry: string | undefined,
	{others = [], agreed = false, instead, trusted = false}: PlanOptions = {},
): Promise<Plan> {
	refuseUnusable(offer, asked);
	refuseUnlaunchable(offer);
	const name = await chooseName(context, asked.choice.name);
	const values = {run: {name}, secrets: await readSecretsFile(context.paths.secrets), caller: context.variables};
	const request = {...asked, environment: resolveEnvironment(asked.environment, values)};
	refuseNoRegistry(offer, request, registry);
	await refuseNoPython(offer, request);
	// Before anybody is asked about the image.
	const logins = await registryLogins(context, asked, request.environment);
	const code = await collectCode(request.choice.folder, {trusted});
	const leaving = await leavingOf(asked, code);
	const given = givenOf(request, code.subfolder);
	const image = await chooseWithheld(
		context,
		{
			environment: request.environment,
			declared: declaredOf(request),
			offer,
			workspace: code,
			configuration: request.choice.configuration.label,
			policy: request.choice.flags.build ?? 'use',
		},
		logins,
		AbortSignal.timeout(checkLimit),
	);
	const local = offer.backend === 'local';
	const ports = await planPorts(request.environment.ports, instanceKind(offer) === 'process');
	if (local) {
		await checkDisk(context, code.bytes);
	}

	const cautions = await askBackend(context, offer);
	const marked = await Promise.all(
		[offer, ...sameImage(offer, others, image, request)].map(async each => withFamily(context, each)),
	);
	const duration = durationOf(request.requirements, offer.price);
	return {
		request,
		name,
		offer: marked[0] ?? offer,
		others: marked.slice(1),
		agreed,
		...(instead && !isNamed(request, offer) ? {instead} : {}),
		image,
		logins,
		leaving,
		given,
		code,
		ports,
		deadline: duration === undefined ? undefined : context.clock.now() + duration * 1000,
		expected: timeToReady(
			await readStepTimes(context.paths),
			{offer, image, environment: request.environment},
			request.choice.configuration.path,
		),
		warnings: [
			...offer.notes,
			...cautions,
			...portWarnings(ports),
			...code.notes,
			...buildNotes(request, image),
			...unheard(request, offer),
		],
	};
}

/** Whether the person said themselves that it is to be this type: what a repository's files ask for is nobody's word. */
const isNamed = ({choice: {flags}}: Request, {instanceType}: Offer): boolean =>
	flags.instanceTypes?.some(name => name.toLowerCase() === instanceType) ?? false;

/** What a build is known by must not change with a run's name: the commands and their variables as they are written. */
export function declaredOf({environment, choice}: Request): Declared {
	const {build, env} = choice.configuration.environment ?? environment;
	return {build, env};
}

function refuseUnusable(offer: Offer, {requirements}: Request): void {
	const reason = mismatch(offer, requirements);
	if (reason !== undefined) {
		throw new Problem('no-offer', `${offer.backend} ${offer.instanceType} does not fit: ${reason}`);
	}

	if (offer.availability !== 'available' && offer.availability !== 'unknown') {
		throw new Problem('no-offer', `${offer.backend} ${offer.instanceType} is ${offer.availability}: ${offer.notes.join(' ')}`);
	}
}

/** A process has the Pythons of this machine and no others: better said now than when the environment is there. */
async function refuseNoPython(offer: Offer, {environment: {python}}: Request): Promise<void> {
	const missing = python !== undefined && instanceKind(offer) === 'process' ? await pythonMissingHere(python) : undefined;
	if (missing !== undefined) {
		throw new Problem('failed', missing);
	}
}

/** A cloud could not fetch what is built. */
function refuseNoRegistry({backend}: Offer, {environment, choice}: Request, registry: string | undefined): void {
	if (environment.build.length > 0 && backend !== 'local' && registry === undefined) {
		throw new Problem(
			'configuration',
			`${choice.configuration.file}: \`build\` makes an image that ${backend} fetches from a registry`,
			{
				next: 'Name one in the settings (`registry`), leave out `build`, or choose an offer of this machine.',
			},
		);
	}
}

/** Offers are compared over more clouds than this version can launch on. */
function refuseUnlaunchable({backend, instanceType}: Offer): void {
	if (!canLaunch(backend)) {
		throw new Problem(
			'no-offer',
			`This version compares the offers of ${backend} and cannot launch there yet (${instanceType})`,
			{
				next: `Choose an offer of ${backends()
					.map(({name}) => name)
					.join(', ')}, or launch it with the cloud's own tools.`,
			},
		);
	}
}

/** Asks the backend whether it would launch this at all, which costs nothing. */
async function askBackend(context: RunContext, offer: Offer): Promise<readonly string[]> {
	const backend = await context.backend(offer.backend);
	try {
		return (await backend.check?.(offer, AbortSignal.timeout(checkLimit))) ?? [];
	} catch (error) {
		if (!(error instanceof BackendError)) {
			throw error;
		}

		if (error.class === 'permission' || error.class === 'configuration') {
			throw provisioningProblem(error, offer.backend);
		}

		// Another offer may be had, and this one a moment later.
		return [`${offer.backend}: ${error.message}${error.next === undefined ? '' : ` ${error.next}`}`];
	}
}

async function withFamily(context: RunContext, offer: Offer): Promise<Offer> {
	const family = (await context.backend(offer.backend)).quotaFamily?.(offer);
	return family === undefined ? offer : {...offer, quotaFamily: family};
}

/** What the person should know of the image of the build commands. */
function buildNotes({choice, environment}: Request, {decision, why}: ImageChoice): readonly string[] {
	const {build = 'use'} = choice.flags;
	if (environment.build.length === 0) {
		return build === 'use' ? why : [...why, `There are no \`build\` commands in ${choice.configuration.file}: nothing is built.`];
	}

	return decision === 'none' ? why : [];
}

/** Throws a `Problem` for a plan whose build commands would need an image that is not there, and that nobody asked to make. */
export function refuseMissingBuild({image, request}: Pick<Plan, 'image' | 'request'>): void {
	if (image.decision === 'missing') {
		throw new Problem('configuration', `${request.choice.configuration.file}: its \`build\` commands have no image yet`, {
			details: image.why,
			next: 'Add --build: it is made once, kept, and used again.',
		});
	}
}

/** With an image that has to be there, only offers that the same one runs on. */
const sameImage = (
	offer: Offer,
	others: readonly Offer[],
	{decision}: ImageChoice,
	{choice: {flags}}: Request,
): readonly Offer[] =>
	decision !== 'reuse' || (flags.build ?? 'use') !== 'use'
		? others
		: others.filter(
				each => each.architecture === offer.architecture && (each.backend === 'local') === (offer.backend === 'local'),
			);

/** What the configuration asks for without effect. */
const unheard = ({choice, environment, requirements: {inactivityDuration}}: Request, offer: Offer): string[] => [
	...unsupportedKeys(environment, offer),
	...choice.configuration.diagnostics
		.filter(({severity}) => severity === 'warning')
		.map(({file, line, message}) => `${file}:${line}: ${message}.`),
	...(offer.backend === 'local' && typeof inactivityDuration === 'number'
		? ['Connections are not counted on this machine: `inactivity_duration` ends nothing here, only `max_duration` does.']
		: []),
];

const portWarnings = (ports: readonly PlannedPort[]): string[] =>
	ports.flatMap(({wanted, holder, local, remote, direct, moved}) => [
		...(wanted === undefined
			? []
			: [
					direct
						? `Port ${wanted} is taken by ${holder}; ${local} is free: let your server there listen on ${local} instead.`
						: `Port ${wanted} is taken by ${holder}; ${local} is used instead.`,
				]),
		...(moved
			? [
					`Port ${moved.from}, where your server would listen, is taken by ${moved.holder}, in the network that it shares; ${remote} is free: let it listen on ${remote} instead.`,
				]
			: []),
	]);

async function checkDisk(context: RunContext, bytes: number): Promise<void> {
	await mkdir(context.paths.runs, {recursive: true, mode: 0o700});
	const {bavail, bsize} = await statfs(context.paths.runs);
	const free = bavail * bsize;
	if (free < bytes + diskReserve) {
		throw new Problem(
			'failed',
			`No space for the environment: ${formatBytes(free)} free, ${formatBytes(bytes + diskReserve)} needed in ${context.paths.runs}`,
			{
				next: 'Free some space, or set DSTACK_TUI_HOME to a folder on another disk.',
			},
		);
	}
}
