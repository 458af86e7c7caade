import type {Core} from '../runs/core.js';
import {instanceKind} from '../offers/instance-kind.js';
import {leastIsolated} from '../runs/model/specification.js';
import type {Plan} from '../runs/model/choice.js';
import type {RunHandle} from '../runs/model/run-handle.js';
import {refuseMissingBuild} from '../runs/plan/plan.js';
import {withLogins} from '../runs/plan/registry-logins.js';
import {startQuestion, unagreedProblem} from '../runs/words/start-words.js';
import {containerInstead, othersAfter} from '../runs/plan/list-offers.js';
import {systemClock} from '../system/clock.js';
import {choose, type ChoiceOptions, firstUsable, settledOffers} from './choose.js';
import {follow, type FollowEnd} from './follow.js';
import {confirm, type Output} from './io.js';
import {planLines} from './words.js';

export type RunOptions = ChoiceOptions & {
	/** Return when it is ready, instead of holding the tunnel. */
	readonly detach: boolean;
	readonly yes: boolean;
	/** Whether the person vouches for the code; undefined for what was said of it the last time. */
	readonly trusted?: boolean | undefined;
};

/** `run` without the full screen: from the configuration to a ready environment, in lines or objects. */
export async function runPlainly(core: Core, options: RunOptions, output: Output): Promise<FollowEnd> {
	const handle = await obtain(core, options, output);
	return handle ? follow(core, handle, output, !options.detach) : {};
}

/** Undefined where the person said no. */
async function obtain(core: Core, options: RunOptions, output: Output): Promise<RunHandle | undefined> {
	const choice = await choose(core, options);
	const interrupted = await core.interrupted(choice);
	if (interrupted) {
		output.line(
			`${interrupted.name} was interrupted; going on with it as it was planned then: its ports, variables and deadline hold.`,
		);
		return core.attach(interrupted.name);
	}

	const request = core.request(choice);
	const listing = await settledOffers(core, request, AbortSignal.timeout(60_000));
	const offer = await firstUsable(listing, request);
	const plan = await core.plan(request, offer, {
		others: othersAfter(listing, offer, {backends: options.flags.backends}),
		agreed: options.yes,
		instead: containerInstead(listing, offer),
		trusted: options.trusted,
	});
	show(plan, output);
	refuseMissingBuild(plan);
	const problem = unagreedProblem(plan);
	if (options.yes && problem) {
		throw problem;
	}

	const {question} = startQuestion(plan);
	const next = problem?.next ?? 'Add -y to start without a question.';
	if (!options.yes && !(await confirm({question, next}))) {
		output.line('Nothing was started.');
		return undefined;
	}

	core.preferences.remember(choice);
	return core.launch(options.yes ? plan : withLogins(plan));
}

function show(plan: Plan, output: Output): void {
	const {name, offer, others, image, ports, deadline, expected, warnings, request} = plan;
	const {root, subfolder, kind, files, bytes, notes, commands, refused, trusted} = plan.code;
	output.object({
		type: 'plan',
		run: name,
		configuration: request.choice.configuration.file,
		profile: request.choice.profile?.name ?? null,
		requirements: request.requirements.words,
		asked: request.requirements.asked,
		offer,
		isolation: leastIsolated(plan),
		others: others.map(other => ({
			id: other.id,
			backend: other.backend,
			region: other.region,
			zone: other.zone,
			instanceType: other.instanceType,
			kind: instanceKind(other),
			spot: other.spot,
			price: other.price,
		})),
		image: {
			reference: image.image ?? null,
			build: image.decision,
			builds: image.build?.reference ?? null,
			why: image.why,
		},
		logins: plan.logins,
		leaving: plan.leaving,
		given: plan.given,
		code: {root, subfolder, kind, files, bytes, notes, commands, refused, trusted},
		ports,
		deadline: deadline ?? null,
		expected: expected ?? null,
		warnings,
	});
	for (const line of planLines(plan, systemClock)) {
		output.line(line);
	}

	output.line();
}
