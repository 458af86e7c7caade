import {readFile} from 'node:fs/promises';
import {hostname} from 'node:os';
import {expect, test} from 'vitest';
import {readMachineId} from '../../source/system/machine-id.js';

test('a machine is the same each time, another name is another machine, and its own id is not told', async () => {
	const here = await readMachineId({});
	expect(here).toEqual(await readMachineId({}));
	expect(here.name).toBe(hostname());
	expect(here.id).toMatch(/^[\da-f]{16}$/);
	const own = (await readFile('/etc/machine-id', 'utf8').catch(() => '')).trim();
	expect(own === '' || !own.includes(here.id)).toBe(true);
	const desk = await readMachineId({DSTACK_TUI_MACHINE: 'desk'});
	expect(desk.name).toBe('desk');
	expect(desk.id).not.toBe(here.id);
	expect(desk.id).not.toBe((await readMachineId({DSTACK_TUI_MACHINE: 'laptop'})).id);
});

test('a name from outside is one plain line', async () => {
	expect((await readMachineId({DSTACK_TUI_MACHINE: 'a\u001B[2Jb\nc'})).name).not.toMatch(/[\u0000-\u001F]/);
});
