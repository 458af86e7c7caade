import {readFile} from 'node:fs/promises';
import path from 'node:path';
import {expect, test} from 'vitest';
import {objects} from '../support/program.js';
import {findWholeMachines, makeAccount} from './support.js';

const whole = await findWholeMachines('aws/links');
const kills = 100;
const lines = 150;

/** Says something ten times a second, and counts how often it was begun. */
const talking = (name: string) => [
	`echo ${name} >> /var/tmp/begun`,
	`for i in $(seq ${lines}); do echo "${name} $i"; sleep 0.1; done`,
];

test.skipIf(!whole)(
	'its connection killed a hundred times during one preparation: every step ran once, and the logs are whole',
	async () => {
		const {world, ec2} = await makeAccount({machines: whole?.machines}, whole?.registry);
		const list = (commands: readonly string[]) => commands.map(command => `  - ${command}\n`).join('');
		await world.write({
			'.dstack.yml': `type: dev-environment\nbuild:\n${list(talking('build'))}setup:\n${list(talking('setup'))}init:\n${list([...talking('init'), 'until [ -e /workflow/enough ]; do sleep 0.2; done'])}`,
		});
		const asked = ['--backend', 'aws', '--on-demand', '--instance-type', 'm5.large', '--max-duration', '1h', '-y', '--build'];
		const started = world.start(['run', '.', '-n', 'brave-ant-1', '-d', '--plain', ...asked]);
		await started.until('ssh: done');
		const [instance] = ec2.alive();
		let isOver = false;
		void started.ended.finally(() => {
			isOver = true;
		});
		let killed = 0;
		while (!isOver && killed < kills) {
			await new Promise(resolve => setTimeout(resolve, Math.random() * 2500));
			// The server's side of every session: of the machine, and of the environment on it.
			const output = await whole?.machines.execute(instance?.id ?? '', 'sh', '-c', 'pkill -KILL -c -f "^sshd: .*@notty" || true');
			killed += Number(output) > 0 ? 1 : 0;
		}

		// It does not end before that, however fast the machine is.
		await whole?.machines.execute(instance?.id ?? '', 'touch', '/workflow/enough');
		const {code, stdout, stderr} = await started.ended;
		expect(`${code} ${stderr}${code === 0 ? '' : stdout}`).toBe('0 ');
		expect(killed).toBeGreaterThanOrEqual(kills);
		const folder = path.join(world.home, 'dt/runs/brave-ant-1');
		for (const name of ['build', 'setup', 'init']) {
			const log = await readFile(path.join(folder, `logs/${name}.log`), 'utf8');
			const said = log.split('\n').filter(line => line.startsWith(`${name} `));
			expect(said).toEqual(Array.from({length: lines}, (_, index) => `${name} ${index + 1}`));
		}

		const journal = objects<{type: string; step?: string}>(await readFile(path.join(folder, 'journal.jsonl'), 'utf8'));
		const begun = journal.filter(({type}) => type === 'step-started').map(({step}) => step);
		expect(begun).toEqual([...new Set(begun)]);
		const shell = await world.run('ssh', [...world.sshOptions, 'brave-ant-1', 'cat /var/tmp/begun']);
		expect(shell.stdout).toBe('build\nsetup\ninit\n');
		expect(await world.cli(['stop', 'brave-ant-1', '-y'])).toMatchObject({code: 0});
	},
	900_000,
);
