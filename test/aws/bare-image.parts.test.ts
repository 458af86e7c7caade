import {expect, test} from 'vitest';
import {findWholeMachines, makeAccount} from './support.js';
import {withoutWaits} from '../support/program.js';

const whole = await findWholeMachines('aws/bare-image');

test.skipIf(!whole)(
	'an image without sshd says which lines it needs; with a build that installs it, it becomes an environment',
	async () => {
		const {world} = await makeAccount({machines: whole?.machines}, whole?.registry);
		const image = await whole?.registry.derive('team/bare:1', 'mv /usr/sbin/sshd /opt/sshd');
		const asked = ['--backend', 'aws', '--on-demand', '--instance-type', 'm5.large', '--max-duration', '1h', '-y', '-d'];
		await world.write({'.dstack.yml': `type: dev-environment\nimage: ${image}\n`});
		const bare = await world.cli(['run', '.', '-n', 'one', '--plain', ...asked]);
		expect(bare.code).toBe(1);
		expect(bare.stderr).toContain('The image has no SSH server (sshd)');
		expect(bare.stderr).toContain(
			'build:\n  - apt-get update\n  - DEBIAN_FRONTEND=noninteractive apt-get install -y openssh-server\n',
		);
		expect(await world.cli(['stop', 'one', '-y', '--discard'])).toMatchObject({code: 0});

		await world.write({'.dstack.yml': `type: dev-environment\nimage: ${image}\nbuild:\n  - mv /opt/sshd /usr/sbin/sshd\n`});
		const built = await world.cli(['run', '.', '-n', 'two', '--build', ...asked]);
		expect(`${built.code} ${withoutWaits(built.stderr)}`).toBe('0 ');
		expect((await world.run('ssh', [...world.sshOptions, 'two', 'ls /usr/sbin/sshd'])).stdout).toBe('/usr/sbin/sshd\n');
		expect(await world.cli(['stop', 'two', '-y', '--discard'])).toMatchObject({code: 0});
	},
	600_000,
);
