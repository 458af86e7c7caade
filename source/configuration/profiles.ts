import {access} from 'node:fs/promises';
import path from 'node:path';
import {z} from 'zod';
import {byPlace} from './diagnostics.js';
import {duration, either, gpu, memory, text, words} from './fields.js';
import type {Profile, ProfilesFile} from './model.js';
import {profileWords} from './words.js';
import {check, readYaml, shownPath, type YamlFile} from './yaml-file.js';

const hour = 3600;

const positive = (expected: string) => z.number(words(expected)).positive(`expected ${expected} above 0`);

const resources = {
	cpu: positive('a number of cores').optional(),
	memory: memory.optional(),
	gpu: gpu.optional(),
	shm_size: memory.optional(),
	disk: memory.optional(),
};

type Retry = {limit: number} | 'off';

/** As soon as a limit is given, trying again is wanted. */
const retry = either<Retry>('true, false, or a map of retry and limit', {
	truth: z.boolean().transform((on): Retry => (on ? {limit: hour} : 'off')),
	map: z
		.strictObject({retry: z.boolean(words('true or false')).optional(), limit: duration.optional()})
		.transform(({retry: on, limit}): Retry =>
			on === false || limit === 'off' || (on ?? limit) === undefined ? 'off' : {limit: limit ?? hour},
		),
});

const shape = {
	name: text().regex(/^[\w.-]{1,60}$/, 'expected a name of letters, digits, dots and dashes'),
	default: z.boolean(words('true or false')).optional(),
	backends: z.array(text('a backend'), words('a list of backends')).min(1, 'expected at least one backend').optional(),
	resources: z.strictObject(resources, words('a map of cpu, memory, gpu, shm_size and disk')).optional(),
	spot_policy: z
		.enum(['spot', 'on-demand', 'ondemand', 'auto'], {error: 'expected spot, on-demand or auto'})
		.transform(policy => (policy === 'ondemand' ? 'on-demand' : policy))
		.optional(),
	retry_policy: retry.optional(),
	termination_policy: z
		.enum(['terminate', 'stop', 'dont-destroy', 'destroy-after-idle'], {error: 'expected terminate or stop'})
		.optional(),
	max_duration: duration.optional(),
	max_price: positive('dollars per hour').optional(),
};

const schema = z.strictObject(
	{profiles: z.array(z.strictObject(shape, words('a map of a profile')), words('a list of profiles'))},
	words('a map with the key `profiles`'),
);

const knownKeys = (place: ReadonlyArray<PropertyKey>): readonly string[] => {
	switch (place.at(-1)) {
		case undefined: {
			return ['profiles'];
		}

		case 'resources': {
			return Object.keys(resources);
		}

		case 'gpu': {
			return ['vendor', 'name', 'count', 'memory'];
		}

		case 'retry_policy': {
			return ['retry', 'limit'];
		}

		default: {
			return Object.keys(shape);
		}
	}
};

type Parsed = z.infer<typeof schema>['profiles'][number];

function toProfile(parsed: Parsed): Profile {
	const {cpu, memory: least, gpu: wanted, shm_size: shmSize, disk} = parsed.resources ?? {};
	const profile = {
		name: parsed.name,
		default: parsed.default ?? false,
		backends: parsed.backends,
		resources: {cpu, memory: least, gpu: wanted, shmSize, disk},
		spotPolicy: parsed.spot_policy,
		maxPrice: parsed.max_price,
		maxDuration: parsed.max_duration,
		retry: parsed.retry_policy,
	};
	return {...profile, words: profileWords(profile)};
}

/** The profiles of a folder: `.dstack/profiles.yml` or `.yaml`. None at all is no problem. */
export async function readProfiles(folder: string): Promise<ProfilesFile> {
	const absolute = await firstThere(['profiles.yml', 'profiles.yaml'].map(name => path.join(folder, '.dstack', name)));
	if (absolute === undefined) {
		return {path: undefined, diagnostics: [], profiles: []};
	}

	const yaml = await readYaml(absolute, shownPath(absolute, folder));
	if (yaml.diagnostics.some(({severity}) => severity === 'error')) {
		return {path: absolute, diagnostics: yaml.diagnostics, profiles: []};
	}

	const parsed = check(yaml, schema, knownKeys);
	refuseDoubles(yaml, parsed?.profiles ?? []);
	yaml.diagnostics.sort(byPlace);
	const sound = yaml.diagnostics.every(({severity}) => severity !== 'error');
	return {path: absolute, diagnostics: yaml.diagnostics, profiles: sound && parsed ? parsed.profiles.map(toProfile) : []};
}

function refuseDoubles({diagnostics, at}: YamlFile, profiles: readonly Parsed[]): void {
	const names = new Set<string>();
	let first: string | undefined;
	for (const [index, {name, default: isDefault, termination_policy: termination}] of profiles.entries()) {
		if (names.has(name)) {
			diagnostics.push(at(['profiles', index, 'name'], `two profiles are called '${name}'`));
		}

		names.add(name);
		if (isDefault && first !== undefined) {
			diagnostics.push(at(['profiles', index, 'default'], `two profiles are the default: '${first}' is one already`));
		}

		first = isDefault ? name : first;
		if (termination !== undefined) {
			diagnostics.push(
				at(['profiles', index, 'termination_policy'], '`termination_policy` has no effect on the backend local', {
					severity: 'warning',
				}),
			);
		}
	}
}

async function firstThere(files: readonly string[]): Promise<string | undefined> {
	for (const file of files) {
		try {
			await access(file);
			return file;
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== 'ENOENT' && (error as NodeJS.ErrnoException).code !== 'ENOTDIR') {
				return file;
			}
		}
	}

	return undefined;
}
