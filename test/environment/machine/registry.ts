import {execFileSync, spawn} from 'node:child_process';
import {createHash} from 'node:crypto';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {createServer, type Server} from 'node:http';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {freePort} from '../../support/sshd.js';
import {eventually} from '../../support/program.js';

export const login = {username: 'someone', password: 'right-5f3a91'};
/** The password by bcrypt. */
const htpasswd = 'someone:$2y$05$abcdefghijklmnopqrstuuV3Z9K3TDy/nYM9EsLVNkQLMkR9L15NG\n';

export type TestRegistry = {
	/** `HOST:PORT`, as images in it are named. */
	readonly host: string;
	readonly port: number;
	/** Where it keeps everything. */
	readonly folder: string;
	/** Puts content there and returns its descriptor. */
	blob(content: string | Buffer, mediaType: string): Promise<Descriptor>;
	/** Puts a manifest or an index there under a tag, and returns its descriptor. */
	manifest(repository: string, tag: string, content: object): Promise<Descriptor>;
	/** `blob` for another repository than `team/app`. */
	blobOf(repository: string, content: string | Buffer, mediaType: string): Promise<Descriptor>;
	stop(): Promise<void>;
};

export type Descriptor = {readonly mediaType: string; readonly digest: string; readonly size: number};

export type RegistryOptions = {
	/** @default 127.0.0.1 */
	readonly address?: string;
	readonly hasLogin?: boolean;
	/** At every address of this machine. */
	readonly isOpen?: boolean;
	/** With a certificate that nobody trusts. */
	readonly hasTls?: boolean;
};

const digestOf = (content: string | Buffer): string => `sha256:${createHash('sha256').update(content).digest('hex')}`;

/** Debian's `docker-registry`. */
export async function startTestRegistry({
	address = '127.0.0.1',
	isOpen = false,
	hasLogin = false,
	hasTls = false,
}: RegistryOptions = {}): Promise<TestRegistry> {
	const folder = await mkdtemp(path.join(tmpdir(), 'dt-registry-'));
	const port = await freePort();
	await writeFile(path.join(folder, 'htpasswd'), htpasswd);
	if (hasTls) {
		execFileSync(
			'openssl',
			[
				...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
				...['-subj', `/CN=${address}`, '-addext', `subjectAltName=IP:${address}`],
				...['-keyout', path.join(folder, 'key'), '-out', path.join(folder, 'certificate')],
			],
			{stdio: 'ignore'},
		);
	}

	await writeFile(
		path.join(folder, 'config.yml'),
		[
			'version: 0.1',
			`storage: {filesystem: {rootdirectory: ${folder}/data}}`,
			'http:',
			`  addr: "${isOpen ? '0.0.0.0' : address}:${port}"`,
			'  relativeurls: true',
			...(hasTls ? [`  tls: {certificate: ${folder}/certificate, key: ${folder}/key}`] : []),
			...(hasLogin ? [`auth: {htpasswd: {realm: test, path: ${folder}/htpasswd}}`] : []),
			'',
		].join('\n'),
	);
	const server = spawn('docker-registry', ['serve', path.join(folder, 'config.yml')], {stdio: 'ignore'});
	const base = `http://${address}:${port}`;
	if (hasTls) {
		await eventually(
			async () =>
				Promise.resolve(
					execFileSync('sh', ['-c', `curl -sk -o /dev/null -w '%{http_code}' https://${address}:${port}/v2/ || true`], {
						encoding: 'utf8',
					}),
				),
			status => status === '200',
		);
	} else {
		await eventually(
			async () => fetch(`${base}/v2/`).then(({status}) => status, String),
			status => status === (hasLogin ? 401 : 200),
		);
	}

	const authorization = `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}`;
	const send = async (url: string, method: string, headers: Readonly<Record<string, string>>, body?: string | Buffer) => {
		const answer = await fetch(new URL(url, base), {method, headers: {authorization, ...headers}, body: body as never});
		if (!answer.ok) {
			throw new Error(`${method} ${url}: ${answer.status} ${await answer.text()}`);
		}

		return answer;
	};

	const blobOf: TestRegistry['blobOf'] = async (repository, content, mediaType) => {
		const digest = digestOf(content);
		const begun = await send(`/v2/${repository}/blobs/uploads/`, 'POST', {});
		const location = new URL(begun.headers.get('location') ?? '', base);
		location.searchParams.set('digest', digest);
		await send(location.href, 'PUT', {'content-type': 'application/octet-stream'}, content);
		return {mediaType, digest, size: Buffer.byteLength(content)};
	};

	return {
		host: `${address}:${port}`,
		port,
		folder,
		blobOf,
		blob: async (content, mediaType) => blobOf('team/app', content, mediaType),
		async manifest(repository, tag, content) {
			const text = JSON.stringify(content);
			const {mediaType} = content as {mediaType: string};
			await send(`/v2/${repository}/manifests/${tag}`, 'PUT', {'content-type': mediaType}, text);
			return {mediaType, digest: digestOf(text), size: Buffer.byteLength(text)};
		},
		async stop() {
			if (server.exitCode === null) {
				const ended = new Promise(resolve => server.once('exit', resolve));
				server.kill('SIGTERM');
				await ended;
			}

			await rm(folder, {recursive: true, force: true});
		},
	};
}

const types = {
	manifest: 'application/vnd.docker.distribution.manifest.v2+json',
	list: 'application/vnd.docker.distribution.manifest.list.v2+json',
	config: 'application/vnd.docker.container.image.v1+json',
	layer: 'application/vnd.docker.image.rootfs.diff.tar',
};

/** An image of one small file for an architecture, by its manifest's own tag; its descriptor. */
export async function putImage(
	registry: TestRegistry,
	repository: string,
	tag: string,
	architecture: string,
): Promise<Descriptor> {
	// Two empty blocks are a tar with nothing in it.
	const layer = Buffer.alloc(1024);
	const config = JSON.stringify({
		architecture,
		os: 'linux',
		config: {},
		rootfs: {type: 'layers', diff_ids: [digestOf(layer)]},
		history: [{created_by: 'test'}],
	});
	return registry.manifest(repository, tag, {
		schemaVersion: 2,
		mediaType: types.manifest,
		config: await registry.blobOf(repository, config, types.config),
		layers: [await registry.blobOf(repository, layer, types.layer)],
	});
}

/** A manifest list of such images. */
export async function putList(
	registry: TestRegistry,
	repository: string,
	tag: string,
	architectures: readonly string[],
): Promise<void> {
	const manifests = [];
	for (const architecture of architectures) {
		const descriptor = await putImage(registry, repository, `${tag}-${architecture}`, architecture);
		manifests.push({...descriptor, platform: {architecture, os: 'linux'}});
	}

	await registry.manifest(repository, tag, {schemaVersion: 2, mediaType: types.list, manifests});
}

export type Refusal = {readonly status: number; readonly code: string; readonly message: string; readonly times?: number};

/** A registry that is there, and answers everything with one error: as often as `times` says, then with `manifest unknown`. */
export async function startRefusingRegistry({
	status,
	code,
	message,
	times = Number.POSITIVE_INFINITY,
}: Refusal): Promise<{host: string; stop(): void; asked(): number}> {
	let asked = 0;
	const server: Server = createServer((request, response) => {
		const send = (each: number, error?: object) => {
			response.writeHead(each, {'content-type': 'application/json', 'docker-distribution-api-version': 'registry/2.0'});
			response.end(error === undefined ? '{}' : JSON.stringify({errors: [error]}));
		};

		if (request.url === '/v2/') {
			send(200);
		} else if (asked++ < times) {
			send(status, {code, message});
		} else {
			send(404, {code: 'MANIFEST_UNKNOWN', message: 'manifest unknown'});
		}
	});
	await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
	return {
		host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
		asked: () => asked,
		stop() {
			server.closeAllConnections();
			server.close();
		},
	};
}
