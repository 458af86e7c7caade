import {randomInt} from 'node:crypto';
import process from 'node:process';
import type {TestEngine} from '../../support/engine.js';
import {eventually} from '../../support/program.js';
import type {RealMachines} from '../../support/machines/index.js';
import {execOver} from '../docker-link.js';
import {containerContext} from '../support.js';
import {type Host, makeHost} from './support.js';

export type WholeHost = Host & {
	/** What the outer machine is reached at from it. */
	readonly outer: string;
	reboot(): Promise<void>;
	destroy(): Promise<void>;
};

/** A booted machine with an engine that answers, and steps on it. */
export async function bootHost(machines: RealMachines, {docker, host}: TestEngine): Promise<WholeHost> {
	const instanceId = `i-${randomInt(2 ** 40)
		.toString(16)
		.padStart(17, '0')}`;
	const machine = await machines.boot({
		instanceId,
		userData: '#cloud-config\n{}\n',
		instanceType: 'm5.large',
		region: 'eu-west-1',
		zone: 'eu-west-1a',
		onPowerOff: () => undefined,
		notice: () => undefined,
	});
	const short = instanceId.replace(/^i-0*/, 'i-');
	const name =
		(await docker('ps', '--filter', `label=dstack-tui-test-machine=${process.pid}`, '--format', '{{.Names}}'))
			.split('\n')
			.find(each => each.endsWith(short)) ?? '';
	const context = containerContext({intentId: `test-${process.pid}-${short}`});
	const whole = makeHost(execOver(name, host), context);
	const awaitBoot = async () =>
		eventually(
			async () => whole.sh('systemctl is-active docker'),
			state => state === 'active',
			180_000,
		);
	await awaitBoot();
	await whole.sh('mkdir -p /workflow /dstack-tui/environment && chmod 700 /dstack-tui /dstack-tui/environment');
	return {
		...whole,
		outer: await whole.sh("ip route | awk '/^default/ {print $3}'"),
		destroy: machine.destroy,
		async reboot() {
			const before = await whole.sh('cat /proc/1/stat | cut -d " " -f 22');
			await whole.sh('systemctl reboot').catch(() => '');
			await eventually(
				async () => whole.sh('cat /proc/1/stat | cut -d " " -f 22').catch(String),
				now => now !== before && /^\d+$/.test(now),
				120_000,
			);
			await awaitBoot();
		},
	};
}
