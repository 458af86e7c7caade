import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {createRegistry, type Login, type Registry} from '../../../source/environment/images/registry.js';
import {readChallenges} from '../../../source/environment/images/registry-auth.js';
import {parseReference} from '../../../source/system/image-reference.js';
import {messageOf, Problem} from '../../../source/system/problem.js';
import {json, web} from '../../support/web.js';
import {hasRegistry, identityToken, login, ociImage, sha, startRegistry, type TestRegistry} from './registry-support.js';

const there = hasRegistry('Registries of images');
const right: Login = {kind: 'password', origin: 'the test', ...login};
const wrong: Login = {...right, password: 'wrong-91c2'};
const as = (who: Login | undefined): Registry => createRegistry({login: async () => who});

/** The failure of a call that has to fail, whose words hold no secret. */
async function failure(call: Promise<unknown>): Promise<Problem> {
	const error: unknown = await call.then(
		value => {
			throw new Error(`it succeeded: ${JSON.stringify(value)}`);
		},
		(reason: unknown) => reason,
	);
	expect(error, messageOf(error)).toBeInstanceOf(Problem);
	const problem = error as Problem;
	expect(problem.next, problem.message).toMatch(/\S/);
	expect(JSON.stringify([problem.message, problem.next, problem.details])).not.toMatch(/right-5f3a91|wrong-91c2|identity-7d1f/);
	return problem;
}

describe.skipIf(!there)('a registry without a login', () => {
	let registry: TestRegistry;
	let client: Registry;
	beforeAll(async () => {
		registry = await startRegistry();
		client = as(undefined);
	});
	afterAll(async () => registry?.stop());
	const at = (name: string) => parseReference(`${registry.host}/${name}`);

	test.each(['application/vnd.docker.distribution.manifest.v2+json', ociImage])('an image of %s', async mediaType => {
		const tag = mediaType.includes('oci') ? 'oci' : 'docker';
		const labels = {a: 'b', 'c.d': 'ä'};
		const created = '2026-01-02T03:04:05.678Z';
		const digest = await registry.push({repository: 'team/app', tag, labels, created, layer: 'x'.repeat(1000), mediaType});
		expect(await client.digest(at(`team/app:${tag}`))).toBe(digest);
		expect(await client.digest(at(`team/app@${digest}`))).toBe(digest);
		const image = await client.image(at(`team/app:${tag}`));
		expect(image).toMatchObject({digest, labels, architecture: 'x86_64', created: Date.parse(created)});
		expect(image?.size).toBeGreaterThan(1000);
		expect(await client.architectures(at(`team/app:${tag}`))).toEqual(['x86_64']);
	});

	test('an index: one for each architecture, and attestations are none', async () => {
		const images = await Promise.all(
			['amd64', 'arm64', 's390x'].map(async architecture => ({
				architecture,
				digest: await registry.push({repository: 'multi', tag: architecture, architecture, mediaType: ociImage}),
			})),
		);
		const attestation = await registry.push({
			repository: 'multi',
			tag: 'attestation',
			architecture: 'unknown',
			mediaType: ociImage,
		});
		const digest = await registry.pushIndex('multi', 'all', [...images, {digest: attestation, architecture: 'unknown'}]);
		expect(await client.digest(at('multi:all'))).toBe(digest);
		expect(await client.architectures(at('multi:all'))).toEqual(['x86_64', 'arm64', 's390x']);
		expect((await client.image(at('multi:all'), 'arm64'))?.digest).toBe(images[1]?.digest);
		expect((await client.image(at('multi:all')))?.digest).toBe(images[0]?.digest);
		expect(await client.image(at('multi:all'), 'riscv64')).toBeUndefined();
	});

	test('what is not there', async () => {
		expect(await client.digest(at('none:1'))).toBeUndefined();
		expect(await client.manifest(at('none:1'))).toBeUndefined();
		expect(await client.image(at('none:1'))).toBeUndefined();
		expect(await client.tags(at('none'))).toEqual([]);
		expect(await client.remove({...at('none'), digest: sha(Buffer.from(''))})).toBe(false);
		const problem = await failure(client.architectures(at('none:1')));
		expect(problem.message).toContain(`There is no image ${registry.host}/none:1`);
	});

	test('all tags', async () => {
		for (const tag of ['a', 'b', 'c']) {
			await registry.push({repository: 'many', tag});
		}

		expect((await client.tags(at('many'))).toSorted()).toEqual(['a', 'b', 'c']);
	});

	test('deletes a manifest with its tags', async () => {
		const digest = await registry.push({repository: 'gone', tag: 'one'});
		expect(await client.remove({...at('gone'), digest})).toBe(true);
		expect(await client.digest(at('gone:one'))).toBeUndefined();
		expect(await client.remove({...at('gone'), digest})).toBe(false);
	});
});

describe.skipIf(!there)('a registry that does not delete', () => {
	test('says so', async () => {
		const registry = await startRegistry({deletes: false});
		try {
			const digest = await registry.push({repository: 'kept', tag: 'one'});
			const problem = await failure(as(undefined).remove({...parseReference(`${registry.host}/kept`), digest}));
			expect(problem.message).toContain('does not allow that');
			expect(problem.message).toContain('deleted');
		} finally {
			await registry.stop();
		}
	});
});

describe.skipIf(!there).each(['htpasswd', 'token'] as const)('a registry with a login by %s', auth => {
	let registry: TestRegistry;
	let digest: string;
	beforeAll(async () => {
		registry = await startRegistry({auth});
		digest = await registry.push({repository: 'team/app', tag: '1'});
	});
	afterAll(async () => registry?.stop());
	const reference = () => parseReference(`${registry.host}/team/app:1`);

	test('the right login reads, lists and deletes', async () => {
		const client = as(right);
		expect(await client.digest(reference())).toBe(digest);
		expect((await client.image(reference()))?.digest).toBe(digest);
		expect(await client.tags(reference())).toEqual(['1']);
		const other = await registry.push({repository: 'team/app', tag: '2'});
		expect(await client.remove({...reference(), digest: other})).toBe(true);
	});

	test('without a login: which is wanted, and how to give one', async () => {
		const problem = await failure(as(undefined).digest(reference()));
		expect(problem.message).toContain('none is known');
		expect(problem.next).toContain(`docker login ${registry.host}`);
	});

	test('a wrong login is refused, and where it came from is said', async () => {
		const problem = await failure(as(wrong).digest(reference()));
		expect(problem.message).toContain(`${registry.host} refused the login from the test`);
	});
});

describe.skipIf(!there)('the token of a registry', () => {
	let registry: TestRegistry;
	beforeAll(async () => {
		registry = await startRegistry({auth: 'token'});
	});
	afterAll(async () => registry?.stop());

	test('anybody may have one for what is public, and it is kept for the next question', async () => {
		await registry.push({repository: 'public/app', tag: '1'});
		const client = as(undefined);
		const before = registry.tokens.length;
		const reference = parseReference(`${registry.host}/public/app:1`);
		await client.digest(reference);
		await client.image(reference);
		expect(registry.tokens.slice(before)).toEqual([{user: '', scope: 'repository:public/app:pull', method: 'GET'}]);
	});

	test('a login that cannot be had is told where one is needed, and nowhere else', async () => {
		const digest = await registry.push({repository: 'public/free', tag: '1'});
		await registry.push({repository: 'team/closed', tag: '1'});
		const client = createRegistry({
			login: async () => Promise.reject(new Problem('failed', 'the helper is not installed', {next: 'Install it.'})),
		});
		expect(await client.digest(parseReference(`${registry.host}/public/free:1`))).toBe(digest);
		expect((await failure(client.digest(parseReference(`${registry.host}/team/closed:1`)))).message).toBe(
			'the helper is not installed',
		);
	});

	test('comes for an identity token, too', async () => {
		const digest = await registry.push({repository: 'team/app', tag: '1'});
		const client = as({kind: 'identity', origin: 'a helper', token: identityToken});
		expect(await client.digest(parseReference(`${registry.host}/team/app:1`))).toBe(digest);
		expect(registry.tokens.at(-1)).toEqual({user: login.username, scope: 'repository:team/app:pull', method: 'POST'});
		const problem = await failure(
			as({kind: 'identity', origin: 'a helper', token: 'wrong-91c2'}).digest(parseReference(`${registry.host}/team/app:1`)),
		);
		expect(problem.message).toContain('refused the login from a helper');
	});
});

describe.skipIf(!there)('a registry whose certificate nobody trusts', () => {
	test('is told apart from one that is not there', async () => {
		const registry = await startRegistry({tls: true});
		try {
			// By another name of this machine, so that it is not asked over plain HTTP.
			const {port} = new URL(`http://${registry.host}`);
			const client = createRegistry();
			const problem = await failure(client.digest({registry: `127.1:${port}`, repository: 'x', tag: '1', digest: undefined}));
			expect(problem.message).toContain('certificate that is not trusted');
			expect(problem.next).toContain('NODE_EXTRA_CA_CERTS');
		} finally {
			await registry.stop();
		}
	});

	test('nobody answers', async () => {
		const problem = await failure(as(undefined).digest(parseReference('127.0.0.1:1/x:1')));
		expect(problem.message).toContain('cannot be asked about 127.0.0.1:1/x:1');
	});
});

describe('what a server may not do', () => {
	const reference = (host: string) => parseReference(`${host}/team/app:1`);
	const manifest = JSON.stringify({config: {digest: sha(Buffer.from('{}')), size: 2}, layers: []});

	test('send something else than was asked for', async () => {
		const {host} = await web((_, response) => {
			response.writeHead(200, {'docker-content-digest': sha(Buffer.from('other'))}).end(manifest);
		});
		const problem = await failure(as(undefined).manifest(reference(host)));
		expect(problem.message).toContain('its digest does not fit');
	});

	test('be given the password of another host by a redirection', async () => {
		const elsewhere = await web((_, response) => json(response, {}));
		const {host} = await web(({path, headers}, response) => {
			if (headers.authorization === undefined) {
				response.writeHead(401, {'www-authenticate': 'Basic realm="x"'}).end();
			} else if (path.includes('/blobs/')) {
				response.writeHead(307, {location: `${elsewhere.url}/blob`}).end();
			} else {
				response.writeHead(200).end(manifest);
			}
		});
		expect(await as(right).image(reference(host))).toMatchObject({labels: {}});
		expect(elsewhere.asked.map(({path, headers}) => [path, headers.authorization])).toEqual([['/blob', undefined]]);
	});

	test.each([
		['a realm that is no address', 'Bearer realm="token"'],
		['a realm of another kind', 'Bearer realm="file:///etc/passwd"'],
		['a realm with a login', 'Bearer realm="https://a:b@x.example/"'],
	])('name %s', async (_, challenge) => {
		const {host} = await web((_asked, response) => {
			response.writeHead(401, {'www-authenticate': challenge}).end();
		});
		const problem = await failure(as(right).digest(reference(host)));
		expect(problem.message).toContain('cannot be trusted');
	});

	test('have the password over plain HTTP when it itself is asked over HTTPS', async () => {
		const tokens = await web((_, response) => json(response, {token: 'x'}));
		const {authorize} = await import('../../../source/environment/images/registry-auth.js');
		const {createHttp} = await import('../../../source/system/http.js');
		const options = {http: createHttp(), registry: 'ghcr.io', plain: false, scope: 'repository:x:pull', signal: undefined};
		await expect(authorize(`Bearer realm="${tokens.url}/token"`, right, options)).rejects.toThrow('cannot be trusted');
		expect(tokens.asked).toEqual([]);
	});

	test('tags come page for page', async () => {
		const {host, asked} = await web(({path}, response) => {
			const last = new URL(path, 'http://x').searchParams.get('last');
			const tags = {null: ['a', 'b'], b: ['c', 'd'], d: null}[String(last)] ?? [];
			const next = {null: 'b', b: 'd'}[String(last)];
			json(response, {tags}, next === undefined ? {} : {link: `</v2/team/app/tags/list?last=${next}&n=2>; rel="next"`});
		});
		expect(await as(undefined).tags(reference(host))).toEqual(['a', 'b', 'c', 'd']);
		expect(asked).toHaveLength(3);
	});

	test('send the list of tags on to another host', async () => {
		const elsewhere = await web((_, response) => json(response, {tags: ['x']}));
		const {host} = await web((_, response) => json(response, {tags: ['a']}, {link: `<${elsewhere.url}/v2/>; rel="next"`}));
		const problem = await failure(as(undefined).tags(reference(host)));
		expect(problem.message).toContain('goes on elsewhere');
		expect(elsewhere.asked).toEqual([]);
	});

	test.each([
		['no JSON', 'nonsense'],
		['an image of an old kind', '{"schemaVersion": 1, "fsLayers": []}'],
		['a list', '[]'],
		['null', 'null'],
		['a digest that is a path', '{"config": {"digest": "../../x", "size": 1}, "layers": []}'],
	])('answer with %s', async (_, body) => {
		const {host} = await web((_asked, response) => {
			response.writeHead(200).end(body);
		});
		expect((await failure(as(undefined).manifest(reference(host)))).message).toContain(`${host} answered with`);
	});

	test('put escape sequences on the screen', async () => {
		const {host} = await web((_, response) => {
			response.writeHead(403).end(JSON.stringify({errors: [{code: 'DENIED', message: 'no\u001B[2J\nway'}]}));
		});
		const problem = await failure(as(undefined).digest(reference(host)));
		const got = await failure(as(undefined).manifest(reference(host)));
		expect(problem.message).toContain('does not allow anybody to read');
		expect(got.message).toMatch(/: no way$/);
	});

	test('ask for patience without an end', async () => {
		const {host} = await web((_, response) => {
			response.writeHead(429, {'retry-after': '3600'}).end();
		});
		const problem = await failure(as(undefined).digest(reference(host)));
		expect(problem.message).toContain('no more questions');
		expect(problem.next).toContain('mirror');
	});
});

test('challenges are read as RFC 9110 writes them', () => {
	expect(readChallenges('Bearer realm="https://a/b?c=d,e",service="s \\"q\\"",scope="a:b:pull,push"')).toEqual([
		{scheme: 'bearer', parameters: {realm: 'https://a/b?c=d,e', service: 's "q"', scope: 'a:b:pull,push'}},
	]);
	expect(readChallenges('Negotiate, Basic realm=x , charset = "UTF-8", Bearer realm="y"')).toEqual([
		{scheme: 'negotiate', parameters: {}},
		{scheme: 'basic', parameters: {realm: 'x', charset: 'UTF-8'}},
		{scheme: 'bearer', parameters: {realm: 'y'}},
	]);
	expect(readChallenges('')).toEqual([]);
	expect(readChallenges('"='.repeat(5000))).toEqual([]);
});
