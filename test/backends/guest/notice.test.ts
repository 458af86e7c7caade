import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {describe, expect, it, onTestFinished} from 'vitest';
import {hasCommand} from '../../support/program.js';
import {temporaryFolder} from '../../support/folders.js';
import {Bench, shells} from './bench.js';

/** A metadata service, version 2 alone. */
async function serve(answer: () => {status: number; body: string}) {
	const asked: string[] = [];
	const server = createServer(({method, url, headers}, response) => {
		asked.push(`${method} ${url}`);
		if (method === 'PUT' && url === '/latest/api/token' && headers['x-aws-ec2-metadata-token-ttl-seconds'] === '21600') {
			response.end('AQAEAB-_token==');
		} else if (headers['x-aws-ec2-metadata-token'] === 'AQAEAB-_token==' && url === '/latest/meta-data/spot/instance-action') {
			const {status, body} = answer();
			response.writeHead(status).end(body);
		} else {
			response.writeHead(401).end('{"action":"terminate"}');
		}
	});
	await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
	onTestFinished(() => {
		server.closeAllConnections();
		server.close();
	});
	return {asked, metadata: `127.0.0.1:${(server.address() as AddressInfo).port}`};
}

const has = (...commands: readonly string[]) =>
	[
		`command() { case $2 in curl | wget) case " ${commands.join(' ')} " in *" $2 "*) ;; *) return 1 ;; esac ;; esac; type "$2" >/dev/null 2>&1; }`,
		...(commands.includes('wget') ? [] : ['wget() { return 127; }']),
		// One turn of the loop.
		'sleep() { exit 0; }',
	].join('\n');

const askers = [['curl'], ['wget'], []].filter(commands => commands.every(hasCommand));
const notice = '{"action": "terminate", "time": "2027-01-15T08:02:00Z"}\n';

describe.each(shells.map(shell => [shell.join(' '), shell] as const))('a spot notice, in %s', (_, shell) => {
	it.each(askers.map(commands => [commands.join() || 'bash', commands] as const))('is seen with %s', async (_name, commands) => {
		let answer = {status: 404, body: notice};
		const {asked, metadata} = await serve(() => answer);
		const bench = new Bench(await temporaryFolder(), shell, {metadata});
		await bench.boot();
		bench.pass(10);
		bench.prelude = has(...commands);
		expect(await bench.run('watch')).toMatchObject({code: 0, err: ''});
		expect(await bench.status()).toMatchObject({notice: null});
		answer = {status: 200, body: notice};
		expect(await bench.run('watch')).toMatchObject({code: 0, err: ''});
		expect(await bench.status()).toMatchObject({notice: {action: 'terminate', time: Date.UTC(2027, 0, 15, 8, 2) / 1000}});
		expect(asked.filter(each => each.startsWith('GET'))).toHaveLength(2);
	});

	it.each([
		['no notice', '<html>"action"</html>', null],
		['one without a time', '{"action":"stop"}', {action: 'stop', time: null}],
		['one with a time that is none', '{"action":"stop","time":"soon; reboot"}', {action: 'stop', time: null}],
		['one that is no word', '{"action":"$(reboot)\\"","time":"2027-01-15T08:02:00Z"}', null],
		['one that never ends', `{"action":"stop"${' '.repeat(100_000)}}`, {action: 'stop', time: null}],
	])('may be %s', async (_name, body, expected) => {
		const {metadata} = await serve(() => ({status: 200, body}));
		const bench = new Bench(await temporaryFolder(), shell, {metadata});
		await bench.boot();
		bench.pass(10);
		bench.prelude = 'sleep() { exit 0; }';
		await bench.run('watch');
		expect(await bench.status()).toMatchObject({notice: expected});
	});
});
