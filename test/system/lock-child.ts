import {readFile, rm, writeFile} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {acquireLock} from '../../source/system/lock.js';

const [folder = '', rounds = '0'] = process.argv.slice(2);
const inside = path.join(folder, 'inside');

/** Whether the program that said last that it is inside lives. One that was killed, and that nobody has noticed yet, does not. */
async function isAlive(pid: number): Promise<boolean> {
	try {
		process.kill(pid, 0);
	} catch {
		return false;
	}

	const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
	return !/\) [ZX] /.test(status);
}

for (let round = 0; round < Number(rounds);) {
	const lock = await acquireLock(path.join(folder, 'lock'));
	if (!lock) {
		continue;
	}

	const other = Number(await readFile(inside, 'utf8').catch(() => '0'));
	if ((other > 0 && (await isAlive(other))) || !(await lock.isMine())) {
		process.stdout.write(`two at once: ${process.pid} and ${other}\n`);
		process.exit(1);
	}

	await writeFile(inside, String(process.pid));
	await new Promise(resolve => setTimeout(resolve, Math.random() * 3));
	await rm(inside, {force: true});
	await lock.release();
	round++;
}

process.stdout.write('done\n');
