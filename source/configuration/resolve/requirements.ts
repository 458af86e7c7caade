import {messageOf, Problem} from '../../system/problem.js';
import {toVariables} from '../schema/environment-fields.js';
import {parseDuration, parseNumber, parsePort, parseReversePort, parseVariable} from '../grammar/grammar.js';
import {parseGpu, wantsGpu} from '../grammar/gpu-grammar.js';
import {doubtfulBackend} from '../schema/known-names.js';
import {
	type ConfigurationFile,
	type DevEnvironment,
	type GpuRequest,
	type Origin,
	type Origins,
	type PortMapping,
	type Profile,
	type RequirementFlags,
	type ReversePort,
	type Requirements,
	retryEvents,
	type RequirementKey,
	type RequirementSettings,
} from '../model.js';
import {parseCpu, parseMemoryRange} from '../grammar/ranges.js';
import {askedWords} from '../grammar/requirement-words.js';

const leastCpu = 2;
const leastMemory = 8 * 1024;
const hour = 3600;

type Source = Pick<ConfigurationFile, 'settings' | 'origins'>;

/** Lays flags over the configuration over the profile over the defaults. A flag that does not read is a `usage` problem. */
export function resolveRequest(
	configuration: Source & {readonly environment: DevEnvironment},
	profile: Profile | undefined,
	flags: RequirementFlags,
): {requirements: Requirements; environment: DevEnvironment} {
	const given = flagSettings(flags);
	const layers: readonly Source[] = [given, configuration, ...(profile ? [profile] : [])];
	const {settings, origins} = withGpu(mergeLayers(layers), layers);
	const {cpu, memory, spotPolicy, retry, ...others} = settings;
	const {image} = configuration.environment;
	const asked = askedWords(settings, origins);
	return {
		requirements: {
			...others,
			cpu: cpu ?? {count: {min: leastCpu}},
			memory: memory ?? {min: leastMemory},
			spotPolicy: spotPolicy ?? 'on-demand',
			retry: retry ?? 'off',
			assumed: new Set([...(cpu ? [] : ['cpu' as const]), ...(memory ? [] : ['memory' as const])]),
			image,
			asked: [...asked, ...defaults(settings)],
			words: [...asked.map(({words}) => words), ...(image === undefined ? [] : [`image ${image}`])],
		},
		environment: withFlags(configuration.environment, flags),
	};
}

/** What holds where nobody asked, and matters: bounds and policies that shape what is offered. */
const defaults = ({cpu, memory, spotPolicy}: RequirementSettings): Requirements['asked'] =>
	askedWords(
		{
			...(cpu ? {} : {cpu: {count: {min: leastCpu}}}),
			...(memory ? {} : {memory: {min: leastMemory}}),
			...(spotPolicy ? {} : {spotPolicy: 'on-demand'}),
		},
		{},
	);

/** Each requirement from the first layer that has it. */
function mergeLayers(layers: readonly Source[]): Source {
	const settings: Record<string, unknown> = {};
	const origins: Partial<Record<RequirementKey, Origin>> = {};
	for (const layer of layers) {
		for (const [key, value] of Object.entries(layer.settings)) {
			if (!(key in settings)) {
				settings[key] = value;
				origins[key as RequirementKey] = layer.origins[key as RequirementKey];
			}
		}
	}

	return {settings, origins};
}

/** A GPU on the command line changes the parts that it says, and leaves the others; one that asks for none takes the request back. */
function withGpu({settings, origins}: Source, layers: readonly Source[]): Source {
	const {gpu: _, ...others} = settings;
	const [flag, ...below] = layers.map(layer => layer.settings.gpu);
	const asked = below.find(each => each !== undefined);
	const base = asked && wantsGpu(asked) ? asked : undefined;
	const gpu: GpuRequest | undefined = flag && wantsGpu(flag) ? {...base, ...flag} : flag ? undefined : base;
	return gpu ? {settings: {...others, gpu}, origins} : {settings: others, origins};
}

function flagSettings(flags: RequirementFlags): Source {
	const readers: ReadonlyArray<readonly [RequirementKey, string, unknown]> = [
		['backends', '--backend', flags.backends && flags.backends.map(requireBackend)],
		['regions', '--region', flags.regions],
		['instanceTypes', '--instance-type', flags.instanceTypes],
		['cpu', '--cpu', read('--cpu', flags.cpu, parseCpu)],
		['memory', '--memory', read('--memory', flags.memory, parseMemoryRange)],
		['disk', '--disk', read('--disk', flags.disk, parseMemoryRange)],
		['gpu', '--gpu', read('--gpu', flags.gpu, parseGpu)],
		['maxPrice', '--max-price', read('--max-price', flags.maxPrice, parseNumber)],
		['maxDuration', '--max-duration', read('--max-duration', flags.maxDuration, parseDuration)],
		['spotPolicy', '--spot-policy', flags.spotPolicy],
		['retry', '--retry', retryOf(flags)],
	];
	const said = readers.filter(([, , value]) => value !== undefined);
	return {
		settings: Object.fromEntries(said.map(([key, , value]) => [key, value])),
		origins: Object.fromEntries(said.map(([key, flag]) => [key, flag])) as Origins,
	};
}

function requireBackend(name: string): string {
	const doubt = doubtfulBackend(name);
	if (doubt) {
		throw new Problem(
			'usage',
			`--backend: there is no backend '${name.slice(0, 60)}'${doubt.meant ? `; did you mean ${doubt.meant}?` : ''}`,
		);
	}

	return name;
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

function retryOf({retry}: RequirementFlags): Requirements['retry'] | undefined {
	if (typeof retry !== 'object') {
		return retry === 'on' ? {limit: hour, on: retryEvents} : retry;
	}

	const limit = read('--retry-limit', retry.limit, parseDuration);
	return limit === undefined || limit === 'off' ? 'off' : {limit, on: retryEvents};
}

/** What `-p` says. Throws a `usage` problem. */
export const portsOf = ({ports = []}: Pick<RequirementFlags, 'ports'>): PortMapping[] =>
	ports.map(text => read('-p', text, parsePort) as PortMapping);

/** What `-R` says. Throws a `usage` problem. */
export function reverseOf({reverse = []}: Pick<RequirementFlags, 'reverse'>): ReversePort[] {
	const ports = reverse.map(text => read('-R', text, parseReversePort) as ReversePort);
	const twice = ports.find(({remote}, index) => ports.findIndex(each => each.remote === remote) !== index);
	if (twice) {
		throw new Problem('usage', `-R: port ${twice.remote} of the environment can lead to one port only`);
	}

	return ports;
}

function withFlags(environment: DevEnvironment, flags: RequirementFlags): DevEnvironment {
	const variables = (flags.env ?? []).map(text => read('-e', text, parseVariable) as [string, string | undefined]);
	const ports = portsOf(flags);
	// Only looked at here, so that what does not read is reported before anything else is asked.
	reverseOf(flags);
	const replaced = new Set(ports.map(({remote}) => remote));
	const before = [...Object.entries(environment.env), ...environment.callerEnv.map(name => [name, undefined] as const)];
	return {
		...environment,
		...toVariables([...before, ...variables]),
		// A flag for a port that the configuration names too says where that one is to be.
		ports: [...environment.ports.filter(({remote}) => !replaced.has(remote)), ...ports],
	};
}
