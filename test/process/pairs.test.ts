import {expect, test} from 'vitest';
import {makeWorld} from '../support/program.js';

const work = `echo mine > 'new file' && echo changed > a.txt && git -c user.name=T -c user.email=t@e.org commit -qam mine && echo again > a.txt`;

test('two stops of one environment, a moment apart: all its work is home, and it is gone', async () => {
	const world = await makeWorld();
	await world.write({'.dstack.yml': 'type: dev-environment\n', 'a.txt': 'a\n'});
	world.git('init', '-q');
	world.git('add', '-A');
	world.git('commit', '-qm', 'All');
	for (const [name, delay] of [
		['one', 250],
		['two', 0],
	] as const) {
		expect(await world.cli(['run', '.', '-n', name, '-y', '-d'])).toMatchObject({code: 0});
		expect(await world.run('ssh', [...world.sshOptions, name, work])).toMatchObject({code: 0});
		const first = world.cli(['stop', name, '-y']);
		await new Promise(resolve => setTimeout(resolve, delay));
		const results = [await world.cli(['stop', name, '-y']), await first];
		expect(
			results.some(({code, stdout}) => code === 0 && stdout.includes(`${name} is gone`)),
			JSON.stringify(results),
		).toBe(true);
		expect(world.git('show', `dstack-tui/${name}/main:a.txt`)).toBe('changed\n');
		expect(world.git('show', `dstack-tui/${name}/uncommitted:a.txt`)).toBe('again\n');
		expect(world.git('show', `dstack-tui/${name}/uncommitted:new file`)).toBe('mine\n');
		expect(await world.runs()).toEqual([]);
	}
});
