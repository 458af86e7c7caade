import {readFile} from 'node:fs/promises';
import path from 'node:path';
import {test} from 'vitest';
import {findWholeMachines, makeAccount} from '../aws/support.js';
import {objects} from '../support/program.js';

const whole = await findWholeMachines('bench/prepare');
/** What is not this program's own. */
const others = new Set(['image', 'build', 'setup']);

type Event = {readonly type: string; readonly at: number; readonly step?: string};

/** From "SSH answers" to "connected" on a whole machine, and which part of it is this program's. Prints; asserts nothing. */
test.skipIf(!whole)(
	'prepare',
	async () => {
		const {world} = await makeAccount({machines: whole?.machines}, whole?.registry);
		await world.write({
			'.dstack.yml': 'type: dev-environment\npython: "3.11"\nsetup:\n  - sleep 1\ninit:\n  - date\nports: [8000]\n',
			...Object.fromEntries(Array.from({length: 200}, (_, index) => [`source/${index}.txt`, `${'x'.repeat(2000)}\n`])),
		});
		const asked = ['--backend', 'aws', '--on-demand', '--instance-type', 'm5.large', '--max-duration', '1h'];
		for (const name of ['one', 'two', 'three']) {
			await world.cli(['run', '.', '-y', '-d', '-n', name, ...asked]);
			const events = objects<Event>(await readFile(path.join(world.home, 'dt/runs', name, 'journal.jsonl'), 'utf8'));
			const at = (type: string) => events.find(event => event.type === type)?.at ?? Number.NaN;
			const steps = events
				.filter(({type}) => type === 'step-started')
				.map(({step, at: begun}) => ({
					step: step ?? '',
					took: (events.find(event => event.type === 'step-done' && event.step === step)?.at ?? Number.NaN) - begun,
				}));
			const whole = at('ready') - at('reachable');
			const foreign = steps.filter(({step}) => others.has(step)).reduce((sum, {took}) => sum + took, 0);
			console.log(
				`prepare on a machine: SSH answers to connected ${whole} ms, of which this program's ${whole - foreign} ms`,
				steps.map(({step, took}) => `${step} ${took}`).join(', '),
			);
			await world.cli(['stop', name, '-y', '--discard']);
		}
	},
	600_000,
);
