import {spawn} from 'node:child_process';
import process from 'node:process';
import {PassThrough, type Readable} from 'node:stream';
import {messageOf, Problem} from '../../system/problem.js';
import type {ExecResult, Link} from '../../tunnel/link.js';
import {formatBytes} from '../../offers/format.js';
import {quote, viaSh} from '../shell.js';
import type {StepContext, StepReport} from '../step.js';
import type {CodeManifest} from './collect.js';
import {stageRepository, writeNameList} from './stage.js';

/**
Copies the code into the workspace, once for each run: a mark there says that it is done, and then nothing is ever written over what a
person may have changed since. A copy that was cut short is begun anew. Throws a `Problem`, or the link's error.
*/
export async function uploadCode(
	link: Link,
	manifest: CodeManifest,
	context: StepContext,
	onReport: (report: StepReport) => void,
	signal?: AbortSignal,
): Promise<void> {
	if (!(await begin(link, manifest, context, signal))) {
		return;
	}

	let done = 0;
	const count = (piece: Buffer) => {
		done += piece.length;
		onReport({done: Math.min(done, manifest.bytes), total: manifest.bytes, unit: 'bytes'});
	};

	const list = await writeNameList(manifest.names);
	try {
		await send(link, context, Buffer.alloc(0), ['-C', manifest.root, '--no-recursion', '--null', '-T', list.file], count, signal);
	} finally {
		await list.remove();
	}

	for (const {place, repository} of manifest.staged) {
		const staging = await stageRepository(repository);
		try {
			await send(link, context, place, ['-C', staging.folder.replace(/\/\.git$/, ''), '.git'], count, signal);
		} finally {
			await staging.remove();
		}
	}

	const {code, stderr} = await link.exec(viaSh(`printf '%s\n' ${quote(context.intentId)} > ${quote(mark(context))}`), {signal});
	if (code !== 0) {
		throw new Problem('failed', `The copy could not be marked as done: ${stderr.trim()}`);
	}
}

const mark = ({stateFolder}: StepContext): string => `${stateFolder}/code-copied`;

const busy = 75;
const full = 76;

/** Makes room: true when there is something to copy. The workspace itself stays, since people may stand in it. */
async function begin(link: Link, {bytes}: CodeManifest, context: StepContext, signal?: AbortSignal): Promise<boolean> {
	const workspace = quote(context.workspace);
	const needed = Math.ceil((bytes * 1.1) / 1024) + 1024;
	const script = [
		`if [ "$(cat ${quote(mark(context))} 2>/dev/null)" = ${quote(context.intentId)} ]; then exit ${busy}; fi`,
		`mkdir -p ${workspace} ${quote(context.stateFolder)} || exit 1`,
		`find ${workspace} -mindepth 1 -maxdepth 1 -exec rm -rf -- {} + || exit 1`,
		`free=$(df -Pk ${workspace} | awk 'NR == 2 {print $4}')`,
		`if [ -n "$free" ] && [ "$free" -lt ${needed} ]; then echo "$free"; exit ${full}; fi`,
	].join('\n');
	const {code, stdout, stderr} = await link.exec(viaSh(script), {signal});
	if (code === busy) {
		return false;
	}

	if (code === full) {
		throw new Problem(
			'failed',
			`No space for the code: ${formatBytes(Number(stdout) * 1024)} free there, ${formatBytes(needed * 1024)} needed`,
			{
				next: 'Free some space, or choose an offer with a bigger disk.',
			},
		);
	}

	if (code !== 0) {
		throw new Problem('failed', `The workspace could not be made ready: ${stderr.trim() || `exit code ${code}`}`);
	}

	return true;
}

/** Packs here and unpacks there, in one stream. `place` is where in the workspace, bytes. */
async function send(
	link: Link,
	{workspace}: StepContext,
	place: Buffer,
	args: readonly string[],
	count: (piece: Buffer) => void,
	signal?: AbortSignal,
): Promise<void> {
	const target = place.length === 0 ? workspace : `${workspace}/${place.toString('utf8')}`;
	const packer = pack(args);
	packer.stream.on('data', count);
	let result: ExecResult;
	try {
		result = await link.exec(viaSh(unpackScript(target)), {stdin: packer.stream.pipe(new PassThrough()), signal});
	} catch (error) {
		packer.kill();
		throw error;
	}

	const problem = await packer.ended;
	if (problem !== undefined) {
		throw new Problem('failed', `The code could not be read: ${problem}`, {next: 'It may have changed meanwhile; try again.'});
	}

	if (result.code !== 0) {
		throw new Problem('failed', `The code could not be unpacked there: ${result.stderr.trim().split('\n').at(-1) ?? ''}`);
	}
}

/**
Unpacks standard input. As root, tar would give the files the owner that they have here (`-o` forbids it), and git there would call that
dubious. What comes after a failure is read to its end, so that the sender hears of the failure and not of a broken pipe.
*/
const unpackScript = (target: string): string =>
	`mkdir -p ${quote(target)} && cd ${quote(target)} && tar -xpof - || { code=$?; cat > /dev/null; exit $code; }`;

function pack(args: readonly string[]): {stream: Readable; ended: Promise<string | undefined>; kill: () => void} {
	const child = spawn('tar', ['-cf', '-', ...args], {
		stdio: ['ignore', 'pipe', 'pipe'],
		env: {...process.env, COPYFILE_DISABLE: '1', LC_ALL: 'C'},
	});
	let errors = '';
	child.stderr.on('data', (piece: Buffer) => {
		errors = (errors + piece.toString('utf8')).slice(-2000);
	});
	const ended = new Promise<string | undefined>(resolve => {
		child.once('error', error => resolve(messageOf(error)));
		child.once('close', code =>
			resolve(code === 0 || onlyChanged(errors) ? undefined : errors.trim().split('\n').at(-1) || `tar ended with ${code}`),
		);
	});
	return {stream: child.stdout, ended, kill: () => child.kill('SIGKILL')};
}

/** GNU tar's words for a file that somebody writes to just now: it is copied as it was when it was read. */
const onlyChanged = (errors: string): boolean =>
	errors.trim() !== '' &&
	errors
		.trim()
		.split('\n')
		.every(line => line.endsWith('file changed as we read it'));
