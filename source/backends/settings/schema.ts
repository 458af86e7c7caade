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

const byRegion = (pattern: RegExp, what: string) => {
	const id = z.string(`expected ${what}`).regex(pattern, `expected ${what}`);
	return z.union([id, z.record(z.string(), id)], `expected ${what}, or a map from regions to such`);
};

const osImage = z.strictObject(
	{
		name: text,
		/** Whose image it is: `self`, `amazon`, or an account's number. */
		owner: z
			.string('expected an account number, self or amazon; put a number in quotes')
			.regex(/^(?:\d{12}|[a-z-]+)$/, 'expected 12 digits, self or amazon')
			.optional(),
		/** dstack logs in as that one; this program brings a login of its own. */
		user: text.optional(),
	},
	'expected a map of name and owner',
);

const amiId = z.string('expected the id of an image, ami-…').regex(/^ami-[\da-f]+$/, 'expected the id of an image, ami-…');

const amiNames: readonly string[] = ['x86_64', 'arm64', 'nvidia', 'nvidia_arm64'];
const amiKinds = z
	.record(z.string(), amiId)
	.refine(kinds => Object.keys(kinds).every(each => amiNames.includes(each)), `expected only ${amiNames.join(', ')} here`);

const cidr = z
	.string('expected an address range such as 203.0.113.0/24')
	.regex(/^(?:\d{1,3}\.){3}\d{1,3}\/(?:[12]?\d|3[0-2])$/, 'expected an address range such as 203.0.113.0/24');

const tag = z.string('expected text; put numbers and true or false in quotes').max(256, 'a tag has at most 256 characters');

/** What a launch on AWS needs: dstack's own keys, and those that only this program has. */
const awsLaunch = {
	vpc_name: text.optional(),
	vpc_ids: z
		.record(
			z.string(),
			z.string('expected vpc-…').regex(/^vpc-[\da-f]+$/, 'expected vpc-…'),
			'expected a map from regions to vpc-…',
		)
		.optional(),
	default_vpcs: z.boolean('expected true or false').optional(),
	public_ips: z.boolean('expected true or false').optional(),
	iam_instance_profile: text.optional(),
	subnet_id: byRegion(/^subnet-[\da-f]+$/, 'subnet-…').optional(),
	security_group_id: byRegion(/^sg-[\da-f]+$/, 'sg-…').optional(),
	tags: z.record(z.string(), tag, 'expected a map of tags').optional(),
	os_images: z.strictObject({cpu: osImage.optional(), nvidia: osImage.optional()}, 'expected a map of cpu and nvidia').optional(),
	ami: z
		.record(z.string(), z.union([amiId, amiKinds], 'expected ami-…, or a map of such'), 'expected a map from regions')
		.optional(),
	ssh_from: z.array(cidr, 'expected a list of address ranges').min(1, 'expected at least one address range').optional(),
	/** Who is asked for this machine's public address. */
	checkip: z
		.string('expected a URL')
		.refine(value => endpointProblem(value) === undefined, 'expected an https:// URL that answers with an address')
		.optional(),
};

const shapes = {
	aws: {
		type: z.literal('aws'),
		creds: awsCredentials.optional(),
		regions: regions.optional(),
		endpoint: endpoint.optional(),
		...awsLaunch,
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
