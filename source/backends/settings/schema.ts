import {z} from 'zod';

// Every message here is written without the value it is about: that may be a secret.

/** A key as it goes into a header: a line break in one would be said aloud by whoever refuses it. */
export const secretPattern = /^[\u0021-\u007E]+$/;

const secret = z
	.string('expected a key as text; put it in quotes')
	.regex(secretPattern, 'expected a key: no blanks, no line breaks, ASCII only');

const text = z.string('expected text').min(1, 'expected text');
const regions = z.array(text, 'expected a list of regions').min(1, 'expected at least one region; leave it out for all');

const isLoopback = (host: string): boolean => /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(host);

/** What is wrong with a base URL; undefined for a good one. Keys travel to it: in the clear only within this machine. */
export function endpointProblem(value: string): string | undefined {
	const url = URL.canParse(value) ? new URL(value) : undefined;
	if (!url || !['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.password !== '') {
		return 'expected a URL such as https://mirror.example';
	}

	return url.protocol === 'http:' && !isLoopback(url.hostname)
		? 'http:// would send the key in the clear; expected https:// (http:// only for this machine)'
		: undefined;
}

const endpoint = z.string('expected a URL').superRefine((value, context) => {
	const message = endpointProblem(value);
	if (message !== undefined) {
		context.addIssue({code: 'custom', message});
	}
});

const apiKey = z.object(
	{type: z.literal('api_key', 'expected `type: api_key`').default('api_key'), api_key: secret},
	'expected a map of type and api_key',
);

const awsCredentials = z.discriminatedUnion(
	'type',
	[
		z.object({type: z.literal('default'), profile: text.optional()}),
		z.object({type: z.literal('access_key'), access_key: secret, secret_key: secret, session_token: secret.optional()}),
	],
	'expected creds of `type: default` or `type: access_key`',
);

/** What dstack's own keys of an entry set that only a launch will need. */
const later = z.unknown().optional();

const shapes = {
	aws: {
		type: z.literal('aws'),
		creds: awsCredentials.optional(),
		regions: regions.optional(),
		endpoint: endpoint.optional(),
		vpc_name: later,
		vpc_ids: later,
		default_vpcs: later,
		public_ips: later,
		iam_instance_profile: later,
		security_group_id: later,
		tags: later,
		os_images: later,
	},
	lambda: {
		type: z.literal('lambda'),
		creds: apiKey.optional(),
		regions: regions.optional(),
		endpoint: endpoint.optional(),
	},
	runpod: {
		type: z.literal('runpod'),
		creds: apiKey.optional(),
		regions: regions.optional(),
		endpoint: endpoint.optional(),
		community_cloud: z.boolean('expected true or false').optional(),
	},
} as const;

export type Cloud = keyof typeof shapes;

export const clouds = Object.keys(shapes) as Cloud[];

/** An entry of the list `backends:`, checked. */
export type Entries = {readonly [C in Cloud]: z.infer<z.ZodObject<(typeof shapes)[C]>>};

/** The schema of a cloud's entry. A `strict` one refuses keys that it does not know: they are likely to be typing mistakes. */
export const entrySchema = <C extends Cloud>(cloud: C, strict: boolean): z.ZodType<Entries[C]> =>
	(strict ? z.strictObject(shapes[cloud]) : z.object(shapes[cloud])) as unknown as z.ZodType<Entries[C]>;

/** Backends that dstack knows and whose offers this version does not ask for live: their entries are no mistakes. */
export const otherTypes: readonly string[] = [
	...['amddevcloud', 'azure', 'cloudrift', 'crusoe', 'cudo', 'datacrunch', 'digitalocean', 'dstack', 'gcp', 'hotaisle'],
	...['jarvislabs', 'kubernetes', 'local', 'nebius', 'oci', 'remote', 'slurm', 'tensordock', 'vastai', 'verda', 'vultr'],
];
