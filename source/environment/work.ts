import {Problem} from '../system/problem.js';
import {neutraliseLine} from '../system/terminal-text.js';
import type {Link} from '../system/link.js';
import {quote, viaSh} from '../system/shell.js';
import {codeMark} from './code/remote-upload.js';
import {loginsFile} from '../agents/container/paths.js';
import type {StepContext} from './step.js';
import {changedCode, workCheckScript} from './work-check.js';

/** Milliseconds: a big workspace is read once as a whole, and nothing is said meanwhile. A link that is lost ends it earlier. */
const checkLimit = 1_800_000;

const scriptOf = ({stateFolder}: StepContext): string => quote(`${stateFolder}/work-check`);

/** Puts the check there: from now on the workspace counts as changed until a baseline is taken. Throws a `Problem`. */
export async function installWorkCheck(link: Link, context: StepContext): Promise<void> {
	const file = scriptOf(context);
	const {code, stderr} = await link.exec(viaSh(`umask 077; cat > ${file}.$$ && mv ${file}.$$ ${file}`), {
		stdin: workCheckScript(context),
	});
	if (code !== 0) {
		throw unnoted(stderr);
	}
}

/** Records the state of the workspace before a person works in it. Throws a `Problem`. */
export async function takeBaseline(link: Link, context: StepContext): Promise<void> {
	await installWorkCheck(link, context);
	await takeSnapshot(link, `sh ${scriptOf(context)} baseline`);
}

/**
The same, where nobody else can have worked in it: no more logins were counted than the `own` ones of this program. Where that cannot be
found out, the baseline stays as it was, or missing, and more counts as work than is. Throws a `Problem`.
*/
export async function takeBaselineUnlessVisited(link: Link, context: StepContext, own: number): Promise<void> {
	await installWorkCheck(link, context);
	const logins = quote(`${context.stateFolder}/${loginsFile}`);
	const count = `logins=$(grep -c '^Accepted' ${logins} 2>/dev/null) && [ "$logins" -le ${own} ]`;
	await takeSnapshot(link, `if ${count}; then sh ${scriptOf(context)} baseline; fi`);
}

async function takeSnapshot(link: Link, script: string): Promise<void> {
	const {code, stderr} = await link.exec(viaSh(script), {idleLimit: checkLimit});
	if (code !== 0) {
		throw unnoted(stderr);
	}
}

const unnoted = (stderr: string): Problem =>
	new Problem('failed', `The workspace could not be noted down: ${neutraliseLine(stderr.trim())}`);

/** By what it is known again that nothing has changed: what there is, and what is reported of it. */
export type WorkMark = {readonly content: string; readonly lines: string};

export type RemoteWork = {
	readonly changed: boolean;
	readonly lines: readonly string[];
	/** Undefined where the workspace cannot be compared. */
	readonly mark: WorkMark | undefined;
};

/**
Asks the instance whether there is work in it that exists nowhere else; `lines` name it, 200 at most. Before the code is there, there is
none. Throws a `Problem` where that cannot be found out.
*/
export async function unsavedWork(link: Link, context: StepContext): Promise<RemoteWork> {
	if (!(await isThere(link, context))) {
		return {changed: false, lines: [], mark: undefined};
	}

	const {code, stdout, stderr} = await link.exec(viaSh(`sh ${scriptOf(context)} marked`), {idleLimit: checkLimit});
	if (code !== 0 && code !== changedCode) {
		throw new Problem('failed', `The workspace could not be compared: ${neutraliseLine(stderr.trim()) || `exit code ${code}`}`);
	}

	const lines = stdout.split('\n').filter(Boolean);
	const [, content, told] = /^([\da-f-]+) ([\da-f-]+)$/.exec(lines[0] ?? '') ?? [];
	return {
		changed: code === changedCode,
		lines: lines.slice(content === undefined ? 0 : 1).map(neutraliseLine),
		mark: content === undefined || told === undefined || content === '-' ? undefined : {content, lines: told},
	};
}

/**
Whether there is anything to ask; then the check as it is now is there, or the one before where nothing can be written any more. The code may
be there without one: whoever prepared it was killed in between.
*/
async function isThere(link: Link, context: StepContext): Promise<boolean> {
	const file = scriptOf(context);
	const {code} = await link.exec(viaSh(`[ -f ${file} ] && exit 0; [ -f ${quote(codeMark(context))} ] && exit 1; exit 2`));
	if (code === 2) {
		return false;
	}

	try {
		await installWorkCheck(link, context);
	} catch (error) {
		if (code !== 0) {
			throw error;
		}
	}

	return true;
}
