import {get} from 'node:http';
import {describe, expect, onTestFinished, test} from 'vitest';
import {connect} from '../../source/tunnel/connection/connection.js';
import {Tunnel} from '../../source/tunnel/tunnel.js';
import {type Bench, findBench} from '../support/engine.js';
import {until} from '../support/servers.js';
import {freePort} from '../support/sshd.js';
import {makeSshContainer} from '../support/ssh-container.js';

const found = await findBench('A machine that reboots');
/** Seconds after the start until the SSH server is there, as on a machine that boots. */
const booting = 5;

type Answer = {readonly text: string; readonly took: number};

/** One request over a connection of its own; `text` is what was answered, or how it failed. */
async function ask(port: number, path: string): Promise<Answer> {
	const started = performance.now();
	const text = await new Promise<string>(resolve => {
		const request = get({port, host: '127.0.0.1', path, agent: false, timeout: 25_000}, response => {
			let body = '';
			response.setEncoding('utf8').on('data', (piece: string) => {
				body += piece;
			});
			response.on('end', () => resolve(body));
			response.on('error', error => resolve(error.message));
		});
		request.on('timeout', () => request.destroy(new Error('no answer in 25 s')));
		request.on('error', error => resolve(error.message));
	});
	return {text, took: performance.now() - started};
}

describe.skipIf(!found)('a machine that reboots', () => {
	test('who asks again and again through a port sees a delay and no failure', {timeout: 120_000}, async () => {
		const machine = await makeSshContainer(found as Bench);
		const tunnel = new Tunnel({open: async signal => connect(machine.destination, signal)});
		onTestFinished(() => tunnel.close());
		const local = await freePort();
		await tunnel.forwards.add(local, machine.web);
		tunnel.start();
		await tunnel.link();

		const answers: Answer[] = [];
		let over = false;
		const loop = (async () => {
			for (let request = 0; !over; request++) {
				answers.push(await ask(local, `/${request}`));
				await new Promise(resolve => setTimeout(resolve, 20));
			}
		})();
		await until('some answers', () => answers.length > 10);
		await machine.stop();
		const away = performance.now();
		await machine.start(booting);
		await until('another link', () => tunnel.health.reconnects === 1, 60_000);
		const outage = performance.now() - away;
		const before = answers.length;
		await until('more answers', () => answers.length > before + 10);
		over = true;
		await loop;
		// One that was under way in the very moment may have been cut; it is an error, and never half an answer.
		const failed = answers.filter(({text}, request) => text !== `/${request}`);
		expect(failed.length, JSON.stringify(failed)).toBeLessThanOrEqual(1);
		expect(failed.every(({text}) => /ECONNRESET|socket hang up/.test(text))).toBe(true);
		expect(tunnel.health).toMatchObject({status: 'up', reconnects: 1});
		expect(tunnel.forwards.stats()).toMatchObject([{local, problem: undefined}]);
		const longest = Math.max(...answers.map(({took}) => took));
		console.info(
			`reboot: away ${(outage / 1000).toFixed(1)} s, longest answer ${(longest / 1000).toFixed(1)} s, ${answers.length} answers, ${failed.length} cut`,
		);
	});
});
