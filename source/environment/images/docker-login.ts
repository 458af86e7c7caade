import {homedir} from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {z} from 'zod';
import {readIfThere} from '../../system/files.js';
import {dockerHub} from '../../system/image-reference.js';
import {Problem} from '../../system/problem.js';
import {ownFolder, searchPath} from '../../system/search-path.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import type {Login} from './registry-auth.js';

const entry = z.object({
	auth: z.string().optional(),
	username: z.string().optional(),
	password: z.string().optional(),
	identitytoken: z.string().optional(),
	registrytoken: z.string().optional(),
});

const file = z.object({
	auths: z.record(z.string(), entry).optional(),
	credHelpers: z.record(z.string(), z.string()).optional(),
	credsStore: z.string().optional(),
});

const helperAnswer = z.object({Username: z.string(), Secret: z.string().min(1)});
const helperName = /^[\w.-]{1,60}$/;
/** A helper may ask the person for a passphrase, in a window of its own. Milliseconds. */
const helperLimit = 60_000;
/** Docker Hub's login is kept under the address of its first version. */
const hubKey = 'https://index.docker.io/v1/';

/**
The login that `docker login` keeps for a registry: in a helper of the system, or in Docker's own file. Undefined where there is none. Throws a
`Problem` where it is kept and cannot be had; nothing of a secret is in it.
*/
export async function dockerLogin(registry: string, variables: NodeJS.ProcessEnv = process.env): Promise<Login | undefined> {
	const folder = variables['DOCKER_CONFIG'] || path.join(variables['HOME'] || homedir(), '.docker');
	const place = path.join(folder, 'config.json');
	const text = await readIfThere(place);
	if (text === undefined) {
		return undefined;
	}

	const {auths = {}, credHelpers = {}, credsStore} = read(place, text);
	const key = registry === dockerHub ? hubKey : registry;
	const helper = valueOf(credHelpers, key) ?? (credsStore || undefined);
	const kept = helper === undefined ? undefined : await askHelper(helper, key, variables);
	return kept ?? fromFile(place, valueOf(auths, key));
}

/** Keys are hosts, or addresses as older versions wrote them. */
function valueOf<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
	const host = (text: string): string => text.replace(/^https?:\/\//, '').split('/')[0] ?? '';
	const exact = Object.hasOwn(table, key) ? key : Object.keys(table).find(each => host(each) === host(key));
	return exact === undefined ? undefined : table[exact];
}

function read(place: string, text: string): z.infer<typeof file> {
	try {
		return file.parse(JSON.parse(text));
	} catch {
		// Nothing of its text is repeated: it may be a secret.
		throw new Problem('configuration', `${place} cannot be read as Docker's settings`, {
			next: 'Mend it, or remove it and use `docker login` again.',
		});
	}
}

function fromFile(origin: string, found: z.infer<typeof entry> | undefined): Login | undefined {
	if (!found) {
		return undefined;
	}

	if (found.registrytoken) {
		return {kind: 'bearer', origin, token: found.registrytoken};
	}

	if (found.identitytoken) {
		return {kind: 'identity', origin, token: found.identitytoken};
	}

	const pair = found.auth ? Buffer.from(found.auth, 'base64').toString('utf8').replace(/\0+$/, '') : undefined;
	const colon = pair?.indexOf(':') ?? -1;
	const username = pair === undefined || colon < 0 ? found.username : pair.slice(0, colon);
	const password = pair === undefined || colon < 0 ? found.password : pair.slice(colon + 1);
	return username && password ? {kind: 'password', origin, username, password} : undefined;
}

/** Docker's protocol of helpers: the address on standard input, JSON as the answer (https://github.com/docker/docker-credential-helpers). */
async function askHelper(name: string, key: string, variables: NodeJS.ProcessEnv): Promise<Login | undefined> {
	const program = `docker-credential-${name}`;
	const shown = neutraliseLine(program).slice(0, 80);
	const failed = (why: string, next: string) =>
		new Problem('failed', `The login for ${registryOf(key)} cannot be had from ${shown}: ${why}`, {next});
	if (!helperName.test(name)) {
		throw failed('that is no name of a helper', "Mend `credHelpers` or `credsStore` in Docker's config.json.");
	}

	const {execa} = await import('execa');
	const {
		failed: isFailed,
		stdout,
		stderr,
		exitCode,
		timedOut,
		code,
	} = await execa(program, ['get'], {
		input: key,
		cwd: ownFolder(),
		env: {...variables, PATH: searchPath(process.cwd(), variables['PATH'] ?? '')},
		extendEnv: false,
		reject: false,
		timeout: helperLimit,
		maxBuffer: 1024 * 1024,
	});
	if (code === 'ENOENT') {
		throw failed(
			'it is not installed',
			`Install it, or take it out of Docker's config.json and use \`docker login ${registryOf(key)}\`.`,
		);
	}

	if (timedOut) {
		throw failed(`it did not answer within ${helperLimit / 1000} s`, 'Unlock the store that it asks, and try again.');
	}

	const said = `${stdout}\n${stderr}`;
	if (isFailed && /credentials not found/i.test(said)) {
		return undefined;
	}

	if (isFailed) {
		// What it prints may hold what it keeps.
		throw failed(`it ended with ${exitCode ?? 'a signal'}`, `Try it by hand: echo ${registryOf(key)} | ${shown} get`);
	}

	const answer = helperAnswer.safeParse(json(stdout));
	if (!answer.success) {
		throw failed('its answer cannot be read', `Use \`docker login ${registryOf(key)}\` again.`);
	}

	const {Username: username, Secret: secret} = answer.data;
	return username === '<token>'
		? {kind: 'identity', origin: shown, token: secret}
		: {kind: 'password', origin: shown, username, password: secret};
}

const registryOf = (key: string): string => (key === hubKey ? dockerHub : key);

function json(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}
