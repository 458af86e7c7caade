import {execFileSync, spawn} from 'node:child_process';
import {createHash, randomUUID, sign} from 'node:crypto';
import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {createServer, type IncomingMessage} from 'node:http';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {login} from '../../docker/registry.js';
import {eventually, hasCommand} from '../../support/program.js';
import {freePort} from '../../support/sshd.js';

export {login} from '../../docker/registry.js';

/** The password of `login` by bcrypt. */
const htpasswd = 'someone:$2y$05$abcdefghijklmnopqrstuuV3Z9K3TDy/nYM9EsLVNkQLMkR9L15NG\n';
export const identityToken = 'identity-7d1f';

export type TestRegistry = {
	/** `localhost:PORT` */
	readonly host: string;
	/** Puts an image there, made of nothing but what is given; its manifest's digest. */
	push(image: PushedImage): Promise<string>;
	/** Puts an index of images there that were pushed by digest. */
	pushIndex(repository: string, tag: string, images: ReadonlyArray<{digest: string; architecture: string}>): Promise<string>;
	/** What the token server was asked, with the user that it believed. */
	readonly tokens: ReadonlyArray<{readonly user: string; readonly scope: string; readonly method: string}>;
	stop(): Promise<void>;
};

export type PushedImage = {
	readonly repository: string;
	readonly tag: string;
	readonly architecture?: string;
	readonly labels?: Readonly<Record<string, string>>;
	readonly created?: string;
	readonly layer?: string;
	readonly mediaType?: string;
};

export type RegistryKind = {
	readonly auth?: 'none' | 'htpasswd' | 'token';
	readonly deletes?: boolean;
	/** A certificate that nobody trusts. */
	readonly tls?: boolean;
};

/** Whether Debian's `docker-registry` is here; with one line that says what is missing. */
export function hasRegistry(suite: string): boolean {
	const missing = ['docker-registry', 'openssl'].filter(command => !hasCommand(command));
	if (missing.length > 0) {
		console.warn(`${suite}: skipped, missing: ${missing.join(', ')}`);
	}

	return missing.length === 0;
}

/** A real registry on this machine, by Debian's `docker-registry`. */
export async function startRegistry({auth = 'none', deletes = true, tls = false}: RegistryKind = {}): Promise<TestRegistry> {
	const folder = await mkdtemp(path.join(tmpdir(), 'dt-images-registry-'));
	const port = await freePort();
	const host = `localhost:${port}`;
	certificate(folder);
	const tokens = auth === 'token' ? await startTokenServer(folder, host) : undefined;
	await writeFile(path.join(folder, 'htpasswd'), htpasswd);
	const authLine = {
		none: [],
		htpasswd: [`auth: {htpasswd: {realm: test, path: ${folder}/htpasswd}}`],
		token: [
			`auth: {token: {realm: "${tokens?.url}/token", service: "${host}", issuer: test, rootcertbundle: ${folder}/cert.pem}}`,
		],
	}[auth];
	await writeFile(
		path.join(folder, 'config.yml'),
		[
			'version: 0.1',
			'log: {level: error}',
			`storage: {filesystem: {rootdirectory: ${folder}/data}, delete: {enabled: ${deletes}}}`,
			`http: {addr: "127.0.0.1:${port}", relativeurls: true${tls ? `, tls: {certificate: ${folder}/cert.pem, key: ${folder}/key.pem}` : ''}}`,
			...authLine,
			'',
		].join('\n'),
	);
	const server = spawn('docker-registry', ['serve', path.join(folder, 'config.yml')], {stdio: 'ignore'});
	const stop = async () => {
		if (server.exitCode === null) {
			const ended = new Promise(resolve => server.once('exit', resolve));
			server.kill('SIGTERM');
			await ended;
		}

		await tokens?.stop();
		await rm(folder, {recursive: true, force: true});
	};

	try {
		await eventually(
			async () => fetch(`http://127.0.0.1:${port}/v2/`).then(({status}) => status, String),
			status => typeof status === 'number',
		);
	} catch (error) {
		await stop();
		throw error;
	}

	const authorization = async (repository: string): Promise<Record<string, string>> =>
		auth === 'htpasswd'
			? {authorization: `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}`}
			: tokens
				? {authorization: `Bearer ${await tokens.token(`repository:${repository}:pull,push`)}`}
				: {};

	async function send(repository: string, method: string, address: string, body?: Buffer, type?: string): Promise<Response> {
		const headers = {...(await authorization(repository)), ...(type ? {'content-type': type} : {})};
		const url = new URL(address, `http://${host}`);
		const response = await fetch(url, {method, headers, body: body && new Uint8Array(body)});
		if (!response.ok) {
			throw new Error(`${method} ${url.pathname}: ${response.status} ${await response.text()}`);
		}

		return response;
	}

	async function blob(repository: string, bytes: Buffer): Promise<{digest: string; size: number}> {
		const {headers} = await send(repository, 'POST', `/v2/${repository}/blobs/uploads/`);
		const place = new URL(headers.get('location') ?? '', `http://${host}`);
		place.searchParams.set('digest', sha(bytes));
		await send(repository, 'PUT', place.href, bytes, 'application/octet-stream');
		return {digest: sha(bytes), size: bytes.length};
	}

	async function manifest(repository: string, tag: string, value: {mediaType: string}): Promise<string> {
		const bytes = Buffer.from(JSON.stringify(value));
		await send(repository, 'PUT', `/v2/${repository}/manifests/${tag}`, bytes, value.mediaType);
		return sha(bytes);
	}

	return {
		host,
		tokens: tokens?.heard ?? [],
		stop,
		async push({repository, tag, architecture = 'amd64', labels = {}, created, layer = randomUUID(), mediaType = dockerImage}) {
			const isDocker = mediaType === dockerImage;
			const bytes = Buffer.from(layer);
			const configuration = Buffer.from(
				JSON.stringify({
					architecture,
					os: 'linux',
					...(created ? {created} : {}),
					config: {Labels: labels},
					rootfs: {type: 'layers', diff_ids: [sha(bytes)]},
				}),
			);
			return manifest(repository, tag, {
				schemaVersion: 2,
				mediaType,
				config: {
					mediaType: isDocker ? 'application/vnd.docker.container.image.v1+json' : 'application/vnd.oci.image.config.v1+json',
					...(await blob(repository, configuration)),
				},
				layers: [
					{
						mediaType: isDocker
							? 'application/vnd.docker.image.rootfs.diff.tar.gzip'
							: 'application/vnd.oci.image.layer.v1.tar+gzip',
						...(await blob(repository, bytes)),
					},
				],
			} as {mediaType: string});
		},
		pushIndex: async (repository, tag, images) =>
			manifest(repository, tag, {
				schemaVersion: 2,
				mediaType: 'application/vnd.oci.image.index.v1+json',
				manifests: images.map(({digest, architecture}) => ({
					mediaType: ociImage,
					digest,
					size: 500,
					platform: {architecture, os: architecture === 'unknown' ? 'unknown' : 'linux'},
				})),
			} as {mediaType: string}),
	};
}

export const dockerImage = 'application/vnd.docker.distribution.manifest.v2+json';
export const ociImage = 'application/vnd.oci.image.manifest.v1+json';

export const sha = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

function certificate(folder: string): void {
	execFileSync(
		'openssl',
		[
			...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
			...['-subj', '/CN=test', '-addext', 'subjectAltName=DNS:localhost'],
			...['-keyout', path.join(folder, 'key.pem'), '-out', path.join(folder, 'cert.pem')],
		],
		{stdio: 'ignore'},
	);
}

/**
A server of tokens by the published specification (https://distribution.github.io/distribution/spec/auth/jwt and …/oauth): signed by ES256, for whoever
logs in with the right password or identity token; anonymous ones may pull from repositories that begin with `public/`.
*/
async function startTokenServer(folder: string, audience: string) {
	const [key, pem] = await Promise.all([readFile(path.join(folder, 'key.pem')), readFile(path.join(folder, 'cert.pem'), 'utf8')]);
	const x5c = [pem.replaceAll(/-----[^-]+-----|\s/g, '')];
	const heard: Array<{user: string; scope: string; method: string}> = [];

	const token = (scopes: readonly string[], user: string): string => {
		const now = Math.floor(Date.now() / 1000);
		const access = scopes.flatMap(scope => {
			const match = /^repository:(.+):([a-z,*]+)$/.exec(scope);
			const [, name = '', actions = ''] = match ?? [];
			const allowed = user === '' ? (name.startsWith('public/') ? ['pull'] : []) : actions.split(',');
			return allowed.length > 0 ? [{type: 'repository', name, actions: allowed}] : [];
		});
		const claims = {iss: 'test', sub: user, aud: audience, exp: now + 300, nbf: now - 10, iat: now, jti: randomUUID(), access};
		const parts = [{typ: 'JWT', alg: 'ES256', x5c}, claims].map(part => Buffer.from(JSON.stringify(part)).toString('base64url'));
		const signature = sign('sha256', Buffer.from(parts.join('.')), {key, dsaEncoding: 'ieee-p1363'});
		return [...parts, signature.toString('base64url')].join('.');
	};

	const answer = async (request: IncomingMessage): Promise<[status: number, body: unknown]> => {
		let body = '';
		for await (const piece of request) {
			body += String(piece);
		}

		if (request.method === 'POST') {
			const form = new URLSearchParams(body);
			const scope = form.get('scope') ?? '';
			const isKnown = form.get('grant_type') === 'refresh_token' && form.get('refresh_token') === identityToken;
			heard.push({user: isKnown ? login.username : '', scope, method: 'POST'});
			return isKnown ? [200, {access_token: token(scope.split(' '), login.username)}] : [401, {error: 'invalid_grant'}];
		}

		const {searchParams} = new URL(request.url ?? '', 'http://x');
		const scopes = searchParams.getAll('scope');
		const {authorization} = request.headers;
		const expected = `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}`;
		if ((authorization !== undefined && authorization !== expected) || searchParams.get('service') !== audience) {
			return [401, {details: 'incorrect username or password'}];
		}

		const user = authorization === undefined ? '' : login.username;
		heard.push({user, scope: scopes.join(' '), method: 'GET'});
		return [200, {token: token(scopes, user)}];
	};

	const server = createServer((request, response) => {
		void answer(request).then(([status, body]) => {
			response.writeHead(status, {'content-type': 'application/json'}).end(JSON.stringify(body));
		});
	});
	await new Promise<void>(resolve => {
		server.listen(0, '127.0.0.1', resolve);
	});
	return {
		url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
		heard,
		token: async (scope: string) => token([scope], login.username),
		async stop() {
			server.closeAllConnections();
			await new Promise(resolve => server.close(resolve));
		},
	};
}
