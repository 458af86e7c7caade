import {createHash} from 'node:crypto';
import {actions} from './actions.js';
import {Ec2Error} from './errors.js';
import {operationOf} from './model.js';
import {answerQuotas} from './quotas.js';
import type {Call, Outcome, Script} from './script.js';
import {callerOf, type Request} from './signature.js';
import {readInput, type Value, writeError, writeOutput} from './wire.js';
import type {World} from './world.js';

export type Reply = {readonly status: number; readonly type: string; readonly body: string};
/** A connection that is closed without an answer, or kept open for ever. */
export type Silence = 'drop' | 'hang';

export type Expiry = 'RequestExpired' | 'ExpiredToken' | undefined;

export type Service = {
	readonly world: World;
	readonly script: Script;
	readonly calls: Call[];
	/** What every call meets that no line of the script is for. */
	decide: ((call: Call) => Outcome | undefined) | undefined;
	/** By access key. */
	readonly expired: Map<string, Expiry>;
};

const expiries = {
	RequestExpired: 'Request has expired.',
	ExpiredToken: 'The security token included in the request is expired',
};

type Open = {readonly action: string; readonly isJson: boolean; readonly input: Record<string, unknown>};

/** Answers one request as AWS would, or as the script says. */
export async function answer(service: Service, request: Request): Promise<Reply | Silence> {
	const {world, calls} = service;
	const target = String(request.headers['x-amz-target'] ?? '');
	const isJson = target !== '';
	const id = `00000000-0000-4000-8000-${String(calls.length).padStart(12, '0')}`;
	const fail = (error: unknown): Reply => {
		if (!(error instanceof Ec2Error)) {
			throw error;
		}

		const body = isJson ? JSON.stringify({__type: error.code, message: error.message}) : writeError(error, id);
		return {status: error.status, type: isJson ? 'application/x-amz-json-1.1' : 'text/xml;charset=UTF-8', body};
	};

	world.agenda.settle();
	let call: Call | undefined;
	try {
		const caller = callerOf(request, world.accounts);
		const open = readCall(request, target);
		call = {
			time: world.now(),
			action: open.action,
			region: caller.region,
			account: caller.account.account,
			input: withoutSecrets(open.input),
			outcome: undefined,
		};
		calls.push(call);
		const state = world.regionStates[caller.region];
		if (state === undefined || state === 'not-opted-in') {
			throw new Ec2Error('AuthFailure', 'AWS was not able to validate the provided access credentials', 401);
		}

		const expiry = service.expired.get(caller.account.accessKeyId);
		if (expiry) {
			throw new Ec2Error(isJson ? 'ExpiredTokenException' : expiry, expiries[expiry]);
		}

		return await play(service, call, open, id, fail);
	} catch (error) {
		const reply = fail(error);
		if (call) {
			call.outcome = (error as Ec2Error).code;
		}

		return reply;
	}
}

function readCall(request: Request, target: string): Open {
	if (target !== '') {
		return {action: target.split('.')[1] ?? '', isJson: true, input: JSON.parse(request.body) as Record<string, unknown>};
	}

	const parameters = new URLSearchParams(request.body);
	const action = parameters.get('Action') ?? '';
	const operation = operationOf(action);
	if (!operation || parameters.get('Version') !== '2016-11-15') {
		throw new Ec2Error('InvalidAction', `The action ${action} is not valid for this web service.`);
	}

	return {action, isJson: false, input: readInput(parameters, operation) as Record<string, unknown>};
}

/** What only the guest should see, as its length and hash. */
const withoutSecrets = (input: Record<string, unknown>): Record<string, unknown> => {
	const {UserData: data} = input;
	return typeof data === 'string'
		? {...input, UserData: `${data.length} characters, sha256 ${createHash('sha256').update(data).digest('hex')}`}
		: input;
};

async function play(
	service: Service,
	call: Call,
	open: Open,
	id: string,
	fail: (error: unknown) => Reply,
): Promise<Reply | Silence> {
	const {world} = service;
	const outcome = service.script.take(call) ?? service.decide?.(call) ?? {};
	if (outcome.before) {
		await world.clock.sleep(outcome.before);
		world.agenda.settle();
	}

	if (outcome.error) {
		throw outcome.error;
	}

	let reply: Reply | undefined;
	let code = 'ok';
	if (!outcome.idle) {
		try {
			reply = work(service, call, open, id, outcome);
		} catch (error) {
			reply = fail(error);
			code = (error as Ec2Error).code;
		}
	}

	if (outcome.after) {
		await world.clock.sleep(outcome.after);
	}

	const {answer: own} = outcome;
	call.outcome =
		own === undefined ? code : typeof own === 'string' ? `${outcome.idle ? 'nothing' : code}, ${own}` : `answered ${own.status}`;
	if (own === undefined) {
		return reply ?? 'hang';
	}

	return typeof own === 'string' ? own : {type: 'text/xml', ...own};
}

function work({world}: Service, call: Call, {action, isJson, input}: Open, id: string, outcome: Outcome): Reply {
	if (isJson) {
		return {status: 200, type: 'application/x-amz-json-1.1', body: JSON.stringify(answerQuotas(world, action, input))};
	}

	const operation = operationOf(action);
	const act = Object.hasOwn(actions, action) ? actions[action] : undefined;
	if (!operation || !act) {
		throw new Ec2Error('InvalidAction', `The action ${action} is not valid for this web service.`);
	}

	if (input['DryRun'] === true && action !== 'RunInstances') {
		throw new Ec2Error('DryRunOperation', 'Request would have succeeded, but DryRun flag is set.', 412);
	}

	const output: Value = act(input as never, {world, region: world.region(call.account, call.region)});
	if (action === 'RunInstances' && outcome.launched) {
		const [made] = (output as {Instances: Array<{InstanceId: string}>}).Instances;
		outcome.launched(world.instance(made?.InstanceId ?? ''));
	}

	return {status: 200, type: 'text/xml;charset=UTF-8', body: writeOutput(operation, output, id)};
}
