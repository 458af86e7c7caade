import {createServer, type AddressInfo} from 'node:net';
import {describe, expect, onTestFinished, test} from 'vitest';
import {planPorts} from '../../source/runs/plan/plan-ports.js';
import {isPortFree, nextFreePort, portHolder} from '../../source/system/ports.js';
import {hasNewer} from '../support/servers.js';

async function listen(port = 0, host = '127.0.0.1'): Promise<number> {
	const server = createServer();
	await new Promise<void>((resolve, reject) => {
		server.once('error', reject);
		server.listen(port, host, resolve);
	});
	onTestFinished(() => {
		server.close();
	});
	return (server.address() as AddressInfo).port;
}

describe('ports', () => {
	test('a taken port is not free, names its holder, and gives way to the next free one', async () => {
		const port = await listen();
		expect(await isPortFree(port)).toBe(false);
		expect(await portHolder(port)).toMatch(new RegExp(`\\(pid ${process.pid}\\)$`));
		const next = await nextFreePort(port);
		expect(next).toBeGreaterThan(port);
		expect(await isPortFree(next ?? 0)).toBe(true);
	});

	test.skipIf(!hasNewer)('a port that is taken at ::1 only is taken, and names its holder (needs IPv6)', async () => {
		const port = await listen(0, '::1');
		expect(await isPortFree(port)).toBe(false);
		const [plan] = await planPorts([{local: port, remote: 8000}], false);
		expect(plan).toMatchObject({wanted: port, holder: expect.stringContaining(`pid ${process.pid}`) as string});
		expect(plan?.local).not.toBe(port);
	});

	test('a plan says by whom a port is taken and what is used instead', async () => {
		const port = await listen();
		const [plan] = await planPorts([{local: port, remote: 8000}], false);
		expect(plan).toMatchObject({
			remote: 8000,
			wanted: port,
			direct: false,
			holder: expect.stringContaining(`pid ${process.pid}`),
		});
		expect(plan?.local).not.toBe(port);
	});

	test('in an environment on this machine’s own network the port inside moves too', async () => {
		const port = await listen();
		const [plan] = await planPorts([{local: port, remote: port}], true);
		expect(plan).toMatchObject({wanted: port, direct: true});
		expect(plan?.local).toBe(plan?.remote);
	});

	test('two mappings never share a local port', async () => {
		const port = (await nextFreePort(20_000)) ?? 0;
		const plans = await planPorts(
			[
				{local: port, remote: 1},
				{local: port, remote: 2},
				{local: undefined, remote: port},
			],
			false,
		);
		expect(new Set(plans.map(({local}) => local)).size).toBe(3);
	});
});
