import {mkdir, readFile, stat} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import writeFileAtomic from 'write-file-atomic';
import {z} from 'zod';
import {isMissing} from '../../system/files.js';
import type {Paths} from '../../system/paths.js';
import {Problem} from '../../system/problem.js';

/** Which values of the person's own a registry may get, by its host: names such as `secrets.TOKEN` and `env.TOKEN`, never values. */
export type AgreedLogins = ReadonlyMap<string, ReadonlySet<string>>;

const schema = z.object({hosts: z.array(z.object({host: z.string(), values: z.array(z.string())}))});

const fileOf = ({config}: Pick<Paths, 'config'>): string => path.join(config, 'agreed-logins.json');

/** What was agreed to before; nothing where there is no file. Throws a `configuration` problem for one that others could write, or that is damaged. */
export async function readAgreed(paths: Pick<Paths, 'config'>): Promise<AgreedLogins> {
	const file = fileOf(paths);
	let text: string;
	try {
		const {mode} = await stat(file);
		if ((mode & 0o022) !== 0 && process.platform !== 'win32') {
			throw new Problem('configuration', `${file} says who gets your secrets, and others may write it`, {
				next: `Look what is in it, and close it: chmod 600 ${file}`,
			});
		}

		text = await readFile(file, 'utf8');
	} catch (error) {
		if (isMissing(error)) {
			return new Map();
		}

		throw error;
	}

	try {
		const {hosts} = schema.parse(JSON.parse(text));
		return new Map(hosts.map(({host, values}) => [host, new Set(values)]));
	} catch (error) {
		throw new Problem('configuration', `${file} cannot be read: it does not hold what was agreed to`, {
			next: 'Remove it: then you are asked again.',
			cause: error,
		});
	}
}

/** Keeps what was agreed to, beside what was agreed to before. */
export async function keepAgreed(
	paths: Pick<Paths, 'config'>,
	logins: ReadonlyArray<{readonly host: string; readonly values: readonly string[]}>,
): Promise<void> {
	const known = new Map(await readAgreed(paths));
	for (const {host, values} of logins) {
		known.set(host, new Set([...(known.get(host) ?? []), ...values]));
	}

	await write(paths, known);
}

/** Takes back what was agreed to of one value: whoever forgets a secret is asked again about the next one of that name. */
export async function forgetAgreed(paths: Pick<Paths, 'config'>, value: string): Promise<void> {
	const known = await readAgreed(paths);
	if ([...known.values()].some(values => values.has(value))) {
		await write(paths, new Map([...known].map(([host, values]) => [host, new Set([...values].filter(each => each !== value))])));
	}
}

async function write(paths: Pick<Paths, 'config'>, agreed: AgreedLogins): Promise<void> {
	const hosts = [...agreed].filter(([, values]) => values.size > 0).map(([host, values]) => ({host, values: [...values].sort()}));
	await mkdir(paths.config, {recursive: true, mode: 0o700});
	await writeFileAtomic(fileOf(paths), `${JSON.stringify({hosts}, undefined, '\t')}\n`, {mode: 0o600});
}
