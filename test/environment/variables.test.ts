import {lstatSync, readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {describe, expect, it} from 'vitest';
import {writeVariables} from '../../source/environment/variables.js';
import type {Link} from '../../source/system/link.js';
import {environment, makePlaces} from './support.js';

const modeOf = (file: string) => (lstatSync(file).mode & 0o777).toString(8);

describe('variables', () => {
	it('lie there for the steps and the sessions, for nobody else', async () => {
		const {context, link, home} = await makePlaces();
		await writeVariables(link, context, {ONE: "it's", TWO: 'a\nb'});
		const file = path.join(context.stateFolder, 'environment');
		expect(readFileSync(file, 'utf8')).toBe("ONE=it's\0TWO=a\nb\0DSTACK_RUN_NAME=test-run-1\0");
		expect([modeOf(file), modeOf(`${file}.sh`)]).toEqual(['600', '600']);
		// On the person's own machine nothing of theirs is touched.
		expect(() => lstatSync(path.join(home, '.ssh'))).toThrow();
	});

	it('never stand in a command line', async () => {
		const {context, link} = await makePlaces();
		const seen: string[] = [];
		const spy: Link = {
			...link,
			async exec(command, options) {
				seen.push(command);
				return link.exec(command, options);
			},
		};
		await writeVariables(spy, context, {TOKEN: 'very-secret'});
		expect(seen.length).toBeGreaterThan(1);
		expect(seen.join('\n')).not.toContain('very-secret');
	});

	it('put the Python environment first, once', async () => {
		const {context, link} = await makePlaces({configuration: environment({python: '3.11'})});
		const bin = `${context.stateFolder}/venv/bin`;
		await writeVariables(link, context, {PATH: `${bin}:/usr/bin:/bin`});
		expect(readFileSync(path.join(context.stateFolder, 'environment'), 'utf8').split('\0')).toEqual([
			`PATH=${bin}:/usr/bin:/bin`,
			`VIRTUAL_ENV=${context.stateFolder}/venv`,
			'DSTACK_RUN_NAME=test-run-1',
			'',
		]);
	});

	it('refuse what no shell takes as a name', async () => {
		const {context, link} = await makePlaces();
		for (const name of ['A B', '1A', 'A;rm', 'A-B', '']) {
			await expect(writeVariables(link, context, {[name]: 'x'})).rejects.toMatchObject({kind: 'configuration'});
		}
	});

	it('say when they cannot be written', async () => {
		const {context, link} = await makePlaces();
		writeFileSync(path.join(context.workspace, 'file'), '');
		const nowhere = {...context, stateFolder: path.join(context.workspace, 'file')};
		await expect(writeVariables(link, nowhere, {A: 'x'})).rejects.toMatchObject({kind: 'failed'});
	});
});
