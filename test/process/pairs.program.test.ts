import {expect, test} from 'vitest';
import {makeWorld} from '../support/program.js';

const work = `echo mine > 'new file' && echo changed > a.txt && git -c user.name=T -c user.email=t@e.org commit -qam mine && echo again > a.txt`;

// The second one comes while the first looks, brings home, or ends it.
test.each([0, 250, 1000, 1800])(
	'two stops of one environment, %i ms apart: all its work is home, and both say that it is gone',
	async delay => {
		const world = await makeWorld();
		await world.write({'.dstack.yml': 'type: dev-environment\n', 'a.txt': 'a\n'});
		world.git('init', '-q');
		world.git('add', '-A');
		world.git('commit', '-qm', 'All');
		expect(await world.cli(['run', '.', '-n', 'one', '-y', '-d'])).toMatchObject({code: 0});
		expect(await world.run('ssh', [...world.sshOptions, 'one', work])).toMatchObject({code: 0});
		const json = delay === 250 ? ['--json'] : [];
		const first = world.cli(['stop', 'one', '-y', ...json]);
		await new Promise(resolve => setTimeout(resolve, delay));
		for (const {code, stdout, stderr} of [await world.cli(['stop', 'one', '-y', ...json]), await first]) {
			expect(code, stderr).toBe(0);
			expect(stdout).toMatch(json.length > 0 ? /"type":"gone"/ : /^one is gone/m);
		}

		expect(world.git('show', `dstack-tui/one/main:a.txt`)).toBe('changed\n');
		expect(world.git('show', `dstack-tui/one/uncommitted:a.txt`)).toBe('again\n');
		expect(world.git('show', `dstack-tui/one/uncommitted:new file`)).toBe('mine\n');
		expect(await world.runs()).toEqual([]);
	},
	120_000,
);
