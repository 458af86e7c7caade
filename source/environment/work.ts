import {Problem} from '../system/problem.js';
import {neutraliseLine} from '../system/terminal-text.js';
import type {Link} from '../tunnel/link.js';
import {quote, viaSh} from '../system/shell.js';
import type {StepContext} from './step.js';
import {changedCode, workCheckScript} from './work-check.js';

/** Milliseconds: a big workspace is read once as a whole. */
const checkLimit = 120_000;

/** Notes how the workspace stands now, before a person works in it; installs the check that compares with it. Throws a `Problem`. */
export async function takeBaseline(link: Link, context: StepContext): Promise<void> {
	const file = quote(`${context.stateFolder}/work-check`);
	const put = await link.exec(viaSh(`umask 077; cat > ${file}.new && mv ${file}.new ${file}`), {stdin: workCheckScript(context)});
	const taken = put.code === 0 ? await link.exec(viaSh(`sh ${file} baseline`), {idleLimit: checkLimit}) : put;
	if (taken.code !== 0) {
		throw new Problem('failed', `The workspace could not be noted down: ${neutraliseLine(taken.stderr.trim())}`);
	}
}

/**
Asks the instance whether there is work in it that exists nowhere else; `lines` name it, 200 at most. Without a baseline there is none
yet. Throws a `Problem` where that cannot be found out.
*/
export async function unsavedWork(link: Link, {stateFolder}: StepContext): Promise<{changed: boolean; lines: readonly string[]}> {
	const file = quote(`${stateFolder}/work-check`);
	const {code, stdout, stderr} = await link.exec(viaSh(`[ -f ${file} ] || exit 0; sh ${file}`), {idleLimit: checkLimit});
	if (code !== 0 && code !== changedCode) {
		throw new Problem('failed', `The workspace could not be compared: ${neutraliseLine(stderr.trim()) || `exit code ${code}`}`);
	}

	return {changed: code === changedCode, lines: stdout.split('\n').filter(Boolean).map(neutraliseLine)};
}
