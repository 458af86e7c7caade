import {messageOf, Problem} from '../system/problem.js';
import {parseDuration, parseGpu, parseMemory, parseNumber, parsePort, parseVariable} from './grammar.js';
import type {DevEnvironment, Origin, PortMapping, Profile, RequirementFlags, Requirements} from './model.js';
import {wishWords} from './words.js';

const leastCpu = 1;

/** Lays flags over the configuration over the profile over the defaults. A flag that does not read is a `usage` problem. */
export function resolveRequest(
	environment: DevEnvironment,
	profile: Profile | undefined,
	flags: RequirementFlags,
): {requirements: Requirements; environment: DevEnvironment} {
	const origins: Partial<Record<string, Origin>> = {};
	const fromProfile = profile && `profile ${profile.name}`;

	const pick = <T>(name: string, flag: string, given: T | undefined, other: T | undefined): T | undefined => {
		const value = given ?? other;
		if (value !== undefined) {
			origins[name] = given === undefined ? fromProfile : flag;
		}

		return value;
	};

	const resources = profile?.resources ?? {};
	const cpu = pick('cpu', '--cpu', read('--cpu', flags.cpu, parseNumber), resources.cpu);
	const memory = pick('memory', '--memory', read('--memory', flags.memory, parseMemory), resources.memory);
	const disk = pick('disk', '--disk', read('--disk', flags.disk, parseMemory), resources.disk);
	const wantedGpu = pick('gpu', '--gpu', read('--gpu', flags.gpu, parseGpu), resources.gpu);
	// `--gpu 0` takes back what the profile asks for.
	const gpu = wantedGpu?.count === 0 ? undefined : wantedGpu;
	const shmSize = pick('shmSize', '', undefined, resources.shmSize);
	const backends = pick('backends', '--backend', flags.backends, profile?.backends);
	const regions = pick('regions', '--region', flags.regions, undefined);
	const maxPrice = pick('maxPrice', '--max-price', read('--max-price', flags.maxPrice, parseNumber), profile?.maxPrice);
	const maxDuration = pick(
		'maxDuration',
		'--max-duration',
		read('--max-duration', flags.maxDuration, parseDuration),
		profile?.maxDuration,
	);
	const spotPolicy = pick('spotPolicy', '--spot-policy', flags.spotPolicy, profile?.spotPolicy);

	const retry = pick('retry', '--retry', retryOf(flags), profile?.retry);

	const words = wishWords({
		backends,
		resources: {cpu, memory, gpu, disk, shmSize},
		spotPolicy,
		maxPrice,
		maxDuration,
	});
	const requirements: Requirements = {
		backends,
		regions,
		cpu: cpu ?? leastCpu,
		memory: memory ?? 0,
		disk,
		gpu,
		shmSize,
		spotPolicy: spotPolicy ?? 'auto',
		maxPrice,
		maxDuration,
		retry: retry ?? 'off',
		image: environment.image,
		origins,
		words: [
			...words,
			...(regions ? [`in ${regions.join(' or ')}`] : []),
			...(environment.image ? [`image ${environment.image}`] : []),
		],
	};
	return {requirements, environment: withFlags(environment, flags)};
}

function read<T>(flag: string, text: string | undefined, parse: (text: string) => T): T | undefined {
	if (text === undefined) {
		return undefined;
	}

	try {
		return parse(text);
	} catch (error) {
		throw new Problem('usage', `${flag}: ${messageOf(error)}`);
	}
}

const hour = 3600;

function retryOf({retry}: RequirementFlags): Requirements['retry'] | undefined {
	if (typeof retry !== 'object') {
		return retry === 'on' ? {limit: hour} : retry;
	}

	const limit = read('--retry-limit', retry.limit, parseDuration);
	return limit === undefined || limit === 'off' ? 'off' : {limit};
}

function withFlags(environment: DevEnvironment, flags: RequirementFlags): DevEnvironment {
	const variables = (flags.env ?? []).map(text => read('-e', text, parseVariable) as [string, string]);
	const ports = (flags.ports ?? []).map(text => read('-p', text, parsePort) as PortMapping);
	const replaced = new Set(ports.map(({remote}) => remote));
	return {
		...environment,
		env: {...environment.env, ...Object.fromEntries(variables)},
		// A flag for a port that the configuration names too says where that one is to be.
		ports: [...environment.ports.filter(({remote}) => !replaced.has(remote)), ...ports],
	};
}
