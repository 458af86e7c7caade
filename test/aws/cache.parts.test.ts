import {expect, test} from 'vitest';
import {findWholeMachines, makeAccount} from './support.js';

const whole = await findWholeMachines('aws/cache');

test.skipIf(!whole)(
	'what is cached on one machine is there on the next, before `setup`',
	async () => {
		const {world} = await makeAccount({machines: whole?.machines}, whole?.registry);
		await world.write({
			'.dstack.yml':
				'type: dev-environment\ncache:\n  - ~/.cache/tool\n  - data\nsetup:\n  - cat ~/.cache/tool/kept data/kept > /root/found || true\n' +
				'  - echo from the first > ~/.cache/tool/kept\n  - echo data of the first > data/kept\n',
		});
		const asked = ['--backend', 'aws', '--on-demand', '--instance-type', 'm5.large', '--max-duration', '1h', '-y', '-d'];
		for (const [name, found] of [
			['one', ''],
			['two', 'from the first\ndata of the first\n'],
		] as const) {
			const {code, stdout, stderr} = await world.cli(['run', '.', '-n', name, ...asked]);
			expect(`${code} ${stderr}${code === 0 ? '' : stdout}`).toBe('0 ');
			expect((await world.run('ssh', [...world.sshOptions, name, 'cat /root/found'])).stdout).toBe(found);
			expect(await world.cli(['stop', name, '-y', '--discard'])).toMatchObject({code: 0});
		}
	},
	600_000,
);
