import {z} from 'zod';
import {either, oneOf, truth, truthOr, words} from './fields.js';
import {describeInput, type FieldFacts} from './json-schema.js';
import {retryEvents, type Retry, type SpotPolicy, type RequirementSettings} from '../model.js';
import {cpu, disk, duration, gpu, memory, memoryRange, names} from './resource-fields.js';

const hour = 3600;

/** A field with what is known of it. Every key of a file is made with this or with `policy`. */
export const field = <T extends z.ZodType>(schema: T, facts: FieldFacts) => schema.meta(facts).optional();

/** The same for one that may be there without a value, and then asks for nothing. */
export const policy = <T extends z.ZodType>(schema: T, facts: FieldFacts) => schema.meta(facts).nullish();

const positive = (expected: string) => z.number(words(expected)).positive(`expected ${expected} above 0`);

/** What a person may ask of the hardware. */
export const resources = z.strictObject(
	{
		cpu: policy(cpu, {description: 'Cores at least, a range of them, and the architecture: 4, 2..8, arm:8..'}),
		memory: policy(memoryRange, {description: 'Memory at least, or a range: 16GB, 16GB..64GB'}),
		gpu: policy(gpu, {description: 'GPUs: a count, 24GB, A100:2, A10G,A100, or a map of name, count and memory'}),
		shm_size: policy(memory, {description: 'Shared memory of the container: 8GB'}),
		disk: policy(disk, {description: 'Disk at least, or a range: 100GB..'}),
	},
	words('a map of cpu, memory, gpu, shm_size and disk'),
);

const spotPolicies = ['spot', 'on-demand', 'auto'] as const satisfies readonly SpotPolicy[];

/** `ondemand` was a spelling once; it is read, and not offered. */
const spotPolicy = describeInput(
	z.preprocess(value => (value === 'ondemand' ? 'on-demand' : value), oneOf(spotPolicies)),
	() => ({type: 'string', anyOf: [{enum: [...spotPolicies]}, {pattern: '^ondemand$'}]}),
);

type MaybeRetry = Retry | 'off';

const everyEvent = (limit: number): MaybeRetry => ({limit, on: retryEvents});

const retryTruth = (expected: string) => truthOr(expected).transform((on): MaybeRetry => (on ? everyEvent(hour) : 'off'));

const policyWays = 'true, false, or a map of retry and limit';

/** As soon as a limit is given, trying again is wanted. */
const retryPolicy = either<MaybeRetry>(policyWays, {
	truth: retryTruth(policyWays),
	text: retryTruth(policyWays) as z.ZodType<MaybeRetry>,
	map: z
		.strictObject({retry: truth.optional(), limit: duration.optional()})
		.transform(({retry: on, limit}): MaybeRetry =>
			on === false || limit === 'off' || (on ?? limit) === undefined ? 'off' : everyEvent(limit ?? hour),
		),
});

const retryWays = 'true, false, or a map of on_events and duration';

const retry = either<MaybeRetry>(retryWays, {
	truth: retryTruth(retryWays),
	text: retryTruth(retryWays) as z.ZodType<MaybeRetry>,
	map: z
		.strictObject({
			on_events: z.array(oneOf(retryEvents), words(`a list of ${retryEvents.join(', ')}`)).optional(),
			duration: duration.optional(),
		})
		.transform(({on_events: on, duration: limit}): MaybeRetry =>
			limit === 'off' ? 'off' : {limit: limit ?? hour, on: on ?? retryEvents},
		),
});

const tags = z.record(
	z.string(),
	z.union([z.string(), z.number(), z.boolean()], words('text, a number, or true or false')).transform(String),
	words('a map of names to values'),
);

const server = 'this program needs no server, and has none';

/** The policies that a configuration and a profile may both name. */
export const policyShape = {
	backends: policy(names('a list of backends', 'a backend such as aws'), {
		description: 'Only these backends',
		examples: [['aws', 'lambda']],
	}),
	regions: policy(names('a list of regions', 'a region such as us-east-1'), {description: 'Only these regions'}),
	availability_zones: policy(names('a list of zones', 'a zone such as us-east-1a'), {
		description: 'Only these availability zones',
	}),
	instance_types: policy(names('a list of instance types', 'an instance type such as g5.xlarge'), {
		description: 'Only these instance types',
	}),
	spot_policy: policy(spotPolicy, {description: 'spot, on-demand, or auto: spot first, then on-demand'}),
	retry: policy(retry, {
		description: 'Whether and how long to try again when there is no capacity, or a spot instance was taken away',
	}),
	retry_policy: policy(retryPolicy, {description: 'The same as `retry`, as it was written before: a map of retry and limit'}),
	max_duration: policy(duration, {description: 'When it ends itself, from its launch: 6h, 1d, off'}),
	max_price: policy(positive('dollars per hour'), {description: 'Highest price in US dollars per hour'}),
	inactivity_duration: policy(duration, {
		description: 'On a cloud: when it ends itself after the last of your own connections was closed',
	}),
	tags: policy(tags, {description: 'Tags that the cloud keeps with the instance'}),
	termination_policy: policy(oneOf(['terminate', 'stop', 'dont-destroy', 'destroy-after-idle']), {
		description: 'What becomes of the instance when a run ends',
		unused: 'an instance is always terminated, so that nothing goes on costing',
	}),
	reservation: policy(z.unknown(), {description: "A cloud's reservation", unused: 'reservations are not asked for'}),
	stop_duration: policy(z.unknown(), {description: 'How long a stop may take', unused: server}),
	creation_policy: policy(z.unknown(), {
		description: 'Whether a fleet may grow',
		unused: `fleets belong to a dstack server; ${server}`,
	}),
	pool_name: policy(z.unknown(), {description: 'The pool of instances', unused: `pools belong to a dstack server; ${server}`}),
	instance_name: policy(z.unknown(), {
		description: 'The instance of a pool',
		unused: `pools belong to a dstack server; ${server}`,
	}),
	termination_idle_time: policy(z.unknown(), {
		description: 'How long an instance waits for the next run, as it was written before',
		unused: 'an instance ends with its run; keeping idle ones belongs to a dstack server',
	}),
	idle_duration: policy(z.unknown(), {
		description: 'How long an instance waits for the next run',
		unused: 'an instance ends with its run; keeping idle ones belongs to a dstack server',
	}),
	utilization_policy: policy(z.unknown(), {
		description: 'Ends a run whose GPUs idle',
		unused: `it belongs to a dstack server; ${server}`,
	}),
	startup_order: policy(z.unknown(), {description: 'The order of nodes', unused: 'a dev environment is one instance'}),
	stop_criteria: policy(z.unknown(), {
		description: 'When a run of several nodes is over',
		unused: 'a dev environment is one instance',
	}),
	schedule: policy(z.unknown(), {
		description: 'Starts runs at set times',
		unused: `schedules belong to a dstack server; ${server}`,
	}),
	fleets: policy(z.unknown(), {description: 'Fleets to run on', unused: `fleets belong to a dstack server; ${server}`}),
	instances: policy(z.unknown(), {
		description: 'Instances of a fleet to run on',
		unused: `fleets belong to a dstack server; ${server}`,
	}),
	backend_options: policy(z.unknown(), {description: 'Options of single backends', unused: 'no backend here takes any'}),
};

type Policies = Partial<z.infer<z.ZodObject<typeof policyShape>>>;
type Resources = Partial<z.infer<typeof resources>>;

/** Which key of a file each requirement is written with, below the configuration or the profile. */
export const requirementPaths: Readonly<Record<keyof RequirementSettings, readonly string[]>> = {
	backends: ['backends'],
	regions: ['regions'],
	availabilityZones: ['availability_zones'],
	instanceTypes: ['instance_types'],
	cpu: ['resources', 'cpu'],
	memory: ['resources', 'memory'],
	disk: ['resources', 'disk'],
	gpu: ['resources', 'gpu'],
	shmSize: ['resources', 'shm_size'],
	spotPolicy: ['spot_policy'],
	maxPrice: ['max_price'],
	maxDuration: ['max_duration'],
	inactivityDuration: ['inactivity_duration'],
	retry: ['retry'],
	tags: ['tags'],
};

/** Which key it was written with before. */
export const formerPaths: Readonly<Partial<Record<keyof RequirementSettings, readonly string[]>>> = {retry: ['retry_policy']};

/** The requirements that a configuration or a profile states. */
export function toRequirementSettings(policies: Policies, wanted: Resources | null | undefined): RequirementSettings {
	const settings: {-readonly [Key in keyof RequirementSettings]: RequirementSettings[Key] | null} = {
		backends: policies.backends,
		regions: policies.regions,
		availabilityZones: policies.availability_zones,
		instanceTypes: policies.instance_types,
		cpu: wanted?.cpu,
		memory: wanted?.memory,
		disk: wanted?.disk,
		gpu: wanted?.gpu,
		shmSize: wanted?.shm_size,
		spotPolicy: policies.spot_policy,
		maxPrice: policies.max_price,
		maxDuration: policies.max_duration,
		inactivityDuration: policies.inactivity_duration,
		retry: policies.retry ?? policies.retry_policy,
		tags: policies.tags,
	};
	return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined && value !== null));
}
