import process from 'node:process';
import {mkdir, readFile, stat} from 'node:fs/promises';
import path from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import {z} from 'zod';
import {isMissing} from '../../system/files.js';
import {Problem} from '../../system/problem.js';

/** What `${{ secrets.NAME }}` is replaced by. Values never leave this module but to the run that asks for them. */
export type Secrets = Readonly<Record<string, string>>;

// Not a record: that one drops the name `__proto__`, which is one like any other.
const schema = z.custom<Secrets>(
	value =>
		typeof value === 'object' &&
		value !== null &&
		!Array.isArray(value) &&
		Object.values(value).every(each => typeof each === 'string'),
);
const namePattern = /^[A-Za-z_][\w-]{0,99}$/;

/** The person's secrets; none where there is no file. Throws a `configuration` problem for one that others may read, or that is damaged. */
export async function readSecretsFile(file: string): Promise<Secrets> {
	let text: string;
	try {
		const {mode} = await stat(file);
		if ((mode & 0o077) !== 0 && process.platform !== 'win32') {
			throw new Problem('configuration', `${file} holds secrets, and others may read it`, {next: `Close it: chmod 600 ${file}`});
		}

		text = await readFile(file, 'utf8');
	} catch (error) {
		if (isMissing(error)) {
			return {};
		}

		throw error;
	}

	try {
		return schema.parse(JSON.parse(text));
	} catch {
		// Nothing of its text is repeated: it may be a secret.
		throw new Problem('configuration', `${file} is damaged: expected one JSON object of names and texts`, {
			next: 'Mend it, or remove it and set the secrets anew.',
		});
	}
}

/** Keeps a secret, readable by its owner only. Throws a `usage` problem for a name that no reference could hold. */
export async function setSecret(file: string, name: string, value: string): Promise<void> {
	if (!namePattern.test(name)) {
		throw new Problem('usage', `'${name.slice(0, 60)}' cannot be a secret's name`, {
			next: 'Names hold letters, digits, _ and -, and begin with a letter or _.',
		});
	}

	await write(file, {...(await readSecretsFile(file)), [name]: value});
}

/** Forgets a secret; false where there was none of that name. */
export async function removeSecret(file: string, name: string): Promise<boolean> {
	const secrets = await readSecretsFile(file);
	if (!Object.hasOwn(secrets, name)) {
		return false;
	}

	const {[name]: _, ...others} = secrets;

	await write(file, others);
	return true;
}

async function write(file: string, secrets: Secrets): Promise<void> {
	await mkdir(path.dirname(file), {recursive: true, mode: 0o700});
	await writeFileAtomic(file, `${JSON.stringify(secrets, undefined, '\t')}\n`, {mode: 0o600});
}
