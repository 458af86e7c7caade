import {createServer} from 'node:net';
import type {AddressInfo} from 'node:net';
import {gzipSync} from 'node:zlib';
import {describe, expect, it, onTestFinished} from 'vitest';
import {createHttp, HttpError, type HttpRequest} from '../../source/system/http.js';
import {endless, fixedRandom, inTurn, json, quickClock, status, web} from '../support/web.js';

const quick = (share = 0.5) => {
	const clock = quickClock();
	return {clock, http: createHttp({clock, random: fixedRandom(share), limits: endless})};
};

/** For limits of time that must pass: real ones, short. */
const real = createHttp({retry: {tries: 1}});

async function failure(promise: Promise<unknown>): Promise<HttpError> {
	const error = await promise.then(
		() => undefined,
		(thrown: unknown) => thrown,
	);
	expect(error).toBeInstanceOf(HttpError);
	return error as HttpError;
}

describe('an answer', () => {
	it('comes as JSON, text or bytes', async () => {
		const {url, asked} = await web((_, response) => json(response, {a: [1, 'ð']}, {etag: '"v1"'}));
		const {http} = quick();
		expect(await http.json({url})).toMatchObject({status: 200, etag: '"v1"', unchanged: false, body: {a: [1, 'ð']}});
		expect((await http.text({url})).body).toBe('{"a":[1,"ð"]}');
		expect((await http.bytes({url})).body).toEqual(Buffer.from('{"a":[1,"ð"]}'));
		expect(asked[0]).toMatchObject({method: 'GET', headers: {accept: 'application/json'}});
	});

	it('streams, piece by piece, counted', async () => {
		const {url} = await web((_, response) => {
			response.write('one ');
			setTimeout(() => response.end('two'), 20);
		});
		let counted = 0;
		const http = createHttp({onBytes: count => (counted += count)});
		const stream = await http.open({url});
		let text = '';
		for await (const piece of stream.body) {
			text += new TextDecoder().decode(piece);
		}

		expect([text, counted]).toEqual(['one two', 7]);
	});

	it('can be asked for with a method, headers and a JSON body; those of the request win', async () => {
		const {url, asked} = await web((_, response) => json(response, {}));
		const http = quick().http.with({headers: {Authorization: 'Bearer one', 'X-Kind': 'a'}});
		await http.json({url: `${url}/v1/things?x=1`, json: {name: 'ö'}, headers: {authorization: 'Bearer two'}});
		await http.json({url, method: 'DELETE'});
		expect(asked[0]).toMatchObject({
			method: 'POST',
			path: '/v1/things?x=1',
			body: '{"name":"ö"}',
			headers: {authorization: 'Bearer two', 'x-kind': 'a', 'content-type': 'application/json'},
		});
		expect(asked[1]?.method).toBe('DELETE');
	});

	it('is unchanged where the ETag still holds', async () => {
		const {url, asked} = await web((one, response) =>
			one.headers['if-none-match'] === '"v1"'
				? response.writeHead(304, {etag: '"v1"'}).end()
				: json(response, {new: true}, {etag: '"v1"'}),
		);
		const {http} = quick();
		const first = await http.json({url});
		const second = await http.json({url, etag: first.etag});
		expect(second).toMatchObject({status: 304, unchanged: true, body: undefined, etag: '"v1"'});
		expect(asked).toHaveLength(2);
	});

	it('that is packed, said or unsaid, is unpacked', async () => {
		const packed = gzipSync('{"ok":1}');
		const said = await web((_, response) => response.writeHead(200, {'content-encoding': 'gzip'}).end(packed));
		const unsaid = await web((_, response) => response.writeHead(200).end(packed));
		const plain = await web((_, response) => json(response, {ok: 1}));
		const empty = await web((_, response) => response.writeHead(200).end());
		const {http} = quick();
		for (const {url} of [said, unsaid, plain]) {
			expect((await http.json({url, gunzip: true})).body).toEqual({ok: 1});
		}

		expect((await http.json({url: empty.url, gunzip: true})).body).toBeUndefined();
	});
});

describe('what fails in passing is tried again', () => {
	it('500, then well', async () => {
		const {url, asked} = await web(inTurn(status(500), status(503), (_, response) => json(response, 7)));
		const {http, clock} = quick();
		expect((await http.json({url})).body).toBe(7);
		expect(asked).toHaveLength(3);
		// Full jitter: at random below 500, then below 1000 milliseconds.
		expect(clock.pauses).toEqual([249, 499]);
	});

	it('with pauses that stay below their bound whatever chance says', async () => {
		for (const share of [0, 1]) {
			const {url} = await web(status(502));
			const {http, clock} = quick(share);
			await failure(http.json({url, retry: {tries: 8, base: 100, longest: 1000}}));
			expect(clock.pauses).toEqual(share === 0 ? [0, 0, 0, 0, 0, 0, 0] : [99, 199, 399, 799, 999, 999, 999]);
		}
	});

	it('429 as the server asks, in seconds or by a date', async () => {
		for (const after of ['7', 'Tue, 24 Nov 2026 12:00:07 GMT']) {
			const {url, asked} = await web(inTurn(status(429, {'retry-after': after}), (_, response) => json(response, 'ok')));
			const {http, clock} = quick(0);
			expect((await http.json({url})).body).toBe('ok');
			expect(asked).toHaveLength(2);
			expect(clock.pauses).toEqual([7000]);
		}
	});

	it('but not where the server asks for longer than is bearable', async () => {
		const {url, asked} = await web(status(429, {'retry-after': '3600'}));
		const {http, clock} = quick();
		const error = await failure(http.json({url}));
		expect(error).toMatchObject({status: 429, retryAfter: 3_600_000});
		expect(asked).toHaveLength(1);
		expect(clock.pauses).toEqual([]);
	});

	it('and other requests to that host wait as well', async () => {
		const {url} = await web(inTurn(status(429, {'retry-after': '9'}), (_, response) => json(response, 'ok')));
		const {http, clock} = quick(0);
		await failure(http.json({url, retry: {tries: 1}}));
		await http.json({url});
		expect(clock.pauses).toEqual([9000]);
	});

	it('a broken connection, before and within the body', async () => {
		const {url, asked} = await web(
			inTurn(
				(_, response) => response.socket?.resetAndDestroy(),
				(_, response) => {
					response.writeHead(200, {'content-length': '100'});
					response.write('{"half":');
					setTimeout(() => response.socket?.destroy(), 20);
				},
				(_, response) => json(response, 'whole'),
			),
		);
		const {http} = quick();
		expect((await http.json({url})).body).toBe('whole');
		expect(asked).toHaveLength(3);
	});

	it('a packed body that breaks off', async () => {
		const packed = gzipSync(JSON.stringify({many: 'x'.repeat(5000)}));
		const {url, asked} = await web(
			inTurn(
				(_, response) => response.writeHead(200).end(packed.subarray(0, packed.length - 12)),
				(_, response) => response.writeHead(200).end(packed),
			),
		);
		const {http} = quick();
		expect((await http.json({url, gunzip: true})).body).toMatchObject({many: expect.any(String) as string});
		expect(asked).toHaveLength(2);
	});

	it('until the tries are used up, which the message tells', async () => {
		const {url, host, asked} = await web(status(503, {}, 'try later'));
		const error = await failure(quick().http.json({url}));
		expect(error.message).toBe(`${host} answered 503 Service Unavailable, 4 times`);
		expect(error).toMatchObject({kind: 'status', status: 503, text: 'try later', tries: 4});
		expect(asked).toHaveLength(4);
	});

	it('not where another try cannot help', async () => {
		for (const code of [400, 401, 403, 404, 409, 501]) {
			const {url, asked} = await web(status(code, {}, `{"code":"x${code}"}`));
			expect(await failure(quick().http.json({url}))).toMatchObject({status: code, text: `{"code":"x${code}"}`});
			expect(asked).toHaveLength(1);
		}
	});

	it('never twice where that could do something twice', async () => {
		const {url, asked} = await web(status(503));
		await failure(quick().http.json({url, json: {launch: 1}}));
		expect(asked).toHaveLength(1);
		await failure(quick().http.json({url, json: {list: 1}, repeatable: true}));
		expect(asked).toHaveLength(5);
	});

	it('but where the server has refused it unseen, it is', async () => {
		const busy = await web(inTurn(status(429), (_, response) => json(response, 'ok')));
		expect((await quick().http.json({url: busy.url, json: {launch: 1}})).body).toBe('ok');
		const {http, clock} = quick();
		const error = await failure(http.json({url: await nobody(), json: {launch: 1}}));
		expect(error.message).toMatch(/refused the connection, 4 times$/);
		expect(clock.pauses).toHaveLength(3);
	});
});

/** An address at which nobody listens. */
async function nobody(): Promise<string> {
	const server = createServer();
	await new Promise<void>(resolve => {
		server.listen(0, '127.0.0.1', resolve);
	});
	const {port} = server.address() as AddressInfo;
	await new Promise(resolve => {
		server.close(resolve);
	});
	return `http://127.0.0.1:${port}/`;
}

describe('limits', () => {
	it('no answer', async () => {
		const {url, host} = await web(() => undefined);
		const error = await failure(real.json({url, limits: {answer: 60}}));
		expect(error.message).toBe(`${host} did not answer within 0.1s`);
		expect(error).toMatchObject({kind: 'timeout', passing: true});
	});

	it('a server that takes the connection and says nothing', async () => {
		const server = createServer(socket => {
			socket.on('error', () => undefined);
			onTestFinished(() => {
				socket.destroy();
			});
		});
		await new Promise<void>(resolve => {
			server.listen(0, '127.0.0.1', resolve);
		});
		onTestFinished(() => {
			server.close();
		});
		const {port} = server.address() as AddressInfo;
		expect((await failure(real.json({url: `http://127.0.0.1:${port}`, limits: {answer: 60}}))).kind).toBe('timeout');
	});

	it('a body that falls silent', async () => {
		const {url, host} = await web((_, response) => {
			response.write('[1,');
		});
		const error = await failure(real.json({url, limits: {idle: 100}}));
		expect(error.message).toBe(`${host} sent nothing for 0.1s`);
	});

	it('a body that drips for ever', async () => {
		const {url, host} = await web((_, response) => {
			const timer = setInterval(() => response.write('1'), 10);
			response.on('close', () => clearInterval(timer));
		});
		const error = await failure(real.json({url, limits: {idle: 5000, whole: 300}}));
		expect(error.message).toBe(`${host} was not done within 0.3s`);
		expect(error.passing).toBe(false);
	});

	it('a slow reader is not taken for a silent server', async () => {
		const {url} = await web((_, response) => {
			response.write('a'.repeat(100));
			setTimeout(() => response.end('b'), 10);
		});
		const stream = await real.open({url, limits: {idle: 200}});
		let length = 0;
		for await (const piece of stream.body) {
			length += piece.length;
			await new Promise(resolve => {
				setTimeout(resolve, 400);
			});
		}

		expect(length).toBe(101);
	});

	it('too much, and it is not asked for again', async () => {
		const {url, host, asked} = await web((_, response) => response.writeHead(200).end('x'.repeat(70_000)));
		const error = await failure(quick().http.bytes({url, limits: {size: 65_536}}));
		expect(error.message).toBe(`${host} sent more than 65536 bytes`);
		expect(asked).toHaveLength(1);
		expect((await quick().http.bytes({url, limits: {size: 70_000}})).body).toHaveLength(70_000);
	});

	it('a bomb of gzip, said or unsaid, is stopped where its limit is', async () => {
		const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
		expect(bomb.length).toBeLessThan(100_000);
		for (const headers of [{'content-encoding': 'gzip'}, {}]) {
			const {url} = await web((_, response) => response.writeHead(200, headers).end(bomb));
			const before = process.memoryUsage().rss;
			const error = await failure(quick().http.bytes({url, gunzip: true, limits: {size: 1024 * 1024}}));
			expect(error).toMatchObject({kind: 'size', words: 'sent more than 1MB'});
			expect(process.memoryUsage().rss - before).toBeLessThan(48 * 1024 * 1024);
		}
	});
});

describe('an abort', () => {
	it.each(['while waiting', 'within the body', 'in a pause'])('%s', async place => {
		const {url} = await web((_, response) => {
			if (place === 'within the body') {
				response.write('[');
			} else if (place === 'in a pause') {
				response.writeHead(503, {'retry-after': '20'}).end();
			}
		});
		const controller = new AbortController();
		const promise = createHttp().json({url, signal: controller.signal});
		setTimeout(() => controller.abort(new Error('enough')), 80);
		await expect(promise).rejects.toThrow(/^enough$/);
	});

	it('within a stream gives the reason as well, and ends the connection', async () => {
		const closed = Promise.withResolvers<void>();
		const {url} = await web((_, response) => {
			response.write('[');
			response.on('close', closed.resolve);
		});
		const controller = new AbortController();
		const stream = await real.open({url, signal: controller.signal});
		await stream.body.next();
		controller.abort(new Error('enough'));
		await expect(stream.body.next()).rejects.toThrow(/^enough$/);
		await closed.promise;
	});

	it('before the start asks nobody', async () => {
		const {url, asked} = await web((_, response) => json(response, 1));
		await expect(real.json({url, signal: AbortSignal.abort(new Error('before'))})).rejects.toThrow(/^before$/);
		expect(asked).toHaveLength(0);
	});

	it('a stream that is closed unread ends its connection', async () => {
		const closed = Promise.withResolvers<void>();
		const {url} = await web((_, response) => {
			response.write('[');
			response.on('close', closed.resolve);
		});
		(await real.open({url})).close();
		await closed.promise;
	});
});

describe('errors', () => {
	it('name the host and the cause, never a secret', async () => {
		const secret = 'sEcReT';
		const served = await web(status(403, {}, `your key ${secret} is bad`));
		const half = await web((_, response) => response.socket?.resetAndDestroy());
		const wrong = await web((_, response) => response.end(`<html>${secret}</html>`));
		const {http} = quick();
		const requests: HttpRequest[] = [
			{url: `${served.url}/path-${secret}?key=${secret}`, headers: {authorization: `Bearer ${secret}`}},
			{url: `${half.url}/?key=${secret}`, headers: {authorization: secret}, retry: {tries: 1}},
			{url: `${wrong.url}/?key=${secret}`},
			{url: served.url, headers: {authorization: `${secret}\nx: y`}},
			{url: `http://user:${secret}@127.0.0.1:1/`},
			{url: `ftp://example.org/${secret}`},
			{url: `not an address ${secret}`},
		];
		const messages: string[] = [];
		for (const request of requests) {
			const error = await failure(http.json(request));
			messages.push(error.message);
			expect(`${error.message} ${error.stack} ${JSON.stringify(error.cause)}`).not.toContain(secret);
		}

		expect(messages).toEqual([
			`${served.host} answered 403 Forbidden`,
			`${half.host} broke the connection`,
			`${wrong.host} sent something that is not JSON`,
			`${served.host} could not be asked: the request is not a valid one`,
			'127.0.0.1:1 cannot be asked: credentials do not belong into an address',
			expect.stringMatching(/is not one for HTTP$/),
			'the address is not one for HTTP',
		]);
	});

	it('say so where a name is not known', async () => {
		const error = await failure(quick().http.json({url: 'http://nowhere.invalid/', retry: {tries: 1}}));
		expect(error.host).toBe('nowhere.invalid');
		expect(error.message).toMatch(/is not known by that name|could not be looked up/);
	});

	it('of a server that speaks something else', async () => {
		const server = createServer(socket => {
			socket.on('error', () => undefined);
			socket.end('SSH-2.0-OpenSSH_9.2\r\n');
		});
		await new Promise<void>(resolve => {
			server.listen(0, '127.0.0.1', resolve);
		});
		onTestFinished(() => {
			server.close();
		});
		const {port} = server.address() as AddressInfo;
		const error = await failure(quick().http.json({url: `http://127.0.0.1:${port}`, retry: {tries: 1}}));
		expect(error.message).toMatch(/^127\.0\.0\.1:\d+ does not speak HTTP$/);
	});
});

describe('a redirection', () => {
	it('is a failure where nothing is to be followed, wherever it leads', async () => {
		const {url, asked} = await web(status(302, {location: '/b'}));
		expect(await failure(quick().http.json({url, follow: false}))).toMatchObject({kind: 'status', status: 302});
		expect(asked).toHaveLength(1);
	});

	it('is followed, without the headers where the host is another one', async () => {
		const other = await web((_, response) => json(response, 'there'));
		const {url, asked} = await web(inTurn(status(302, {location: '/b'}), status(307, {location: `${other.url}/c`})));
		expect((await quick().http.json({url, headers: {authorization: 'Bearer x', 'x-key': 'y'}})).body).toBe('there');
		expect(asked[1]).toMatchObject({path: '/b', headers: {authorization: 'Bearer x'}});
		expect(other.asked[0]?.headers).not.toHaveProperty('authorization');
		expect(other.asked[0]?.headers).not.toHaveProperty('x-key');
	});

	it('tells what the answers said that led to the last one, and asks for the same part of it', async () => {
		const other = await web((_, response) => json(response, 'there'));
		const sums = ['one', 'two'];
		const {url} = await web(
			inTurn(status(302, {location: '/b', 'x-sha256': 'one'}), status(307, {location: `${other.url}/c`, 'x-sha256': 'two'})),
		);
		const stream = await quick().http.open({url, headers: {range: 'bytes=3-'}});
		stream.close();
		expect(stream.redirections.map(head => head.get('x-sha256'))).toEqual(sums);
		expect(stream.headers.has('x-sha256')).toBe(false);
		expect(other.asked[0]?.headers).toMatchObject({range: 'bytes=3-'});
	});

	it('not for ever, not to other protocols, and not for what changes something', async () => {
		const round = await web(status(302, {location: '/again'}));
		expect(await failure(quick().http.json({url: round.url}))).toMatchObject({kind: 'refused'});
		expect(round.asked).toHaveLength(6);
		const file = await web(status(302, {location: 'file:///etc/passwd'}));
		expect(await failure(quick().http.json({url: file.url}))).toMatchObject({kind: 'refused'});
		expect(await failure(quick().http.json({url: round.url, json: {}}))).toMatchObject({status: 302});
	});
});

describe('the pace', () => {
	it('keeps requests to one host apart, also of clients made from one', async () => {
		const one = await web((_, response) => json(response, 1));
		const two = await web((_, response) => json(response, 2));
		const clock = quickClock();
		const http = createHttp({clock, random: fixedRandom(), limits: endless, spacing: {[one.host]: 1000}});
		await http.json({url: one.url});
		await http.with({headers: {a: 'b'}}).json({url: one.url});
		await http.json({url: two.url});
		expect(clock.pauses).toEqual([1000]);
		await http.json({url: one.url, pace: {lane: 'launch', every: 12_000}});
		await http.json({url: one.url, pace: {lane: 'launch', every: 12_000}});
		expect(clock.pauses).toEqual([1000, 12_000]);
	});

	it('holds for many that come at once', async () => {
		const {url, host} = await web((_, response) => json(response, 1));
		const clock = quickClock();
		const http = createHttp({clock, random: fixedRandom(), limits: endless, spacing: {[host]: 10}});
		await Promise.all(Array.from({length: 5}, async () => http.json({url})));
		expect(clock.pauses).toEqual([10, 10, 10, 10]);
	});
});
