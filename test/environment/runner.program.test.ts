import {execFileSync, spawn} from 'node:child_process';
import {existsSync, mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import {describe, expect, it, onTestFinished} from 'vitest';
import {isFromBefore, runScriptStep} from '../../source/environment/runner.js';
import {Heard} from '../../source/environment/step-output.js';
import type {ScriptStep, StepContext, StepReport} from '../../source/environment/step.js';
import {scriptSteps} from '../../source/environment/steps.js';
import {writeVariables} from '../../source/environment/variables.js';
import {environment, localLink, makePlaces, readIf} from './support.js';

const step = (script: string, changes: Partial<ScriptStep> = {}): ScriptStep => ({
	id: 'setup',
	title: 'Set up',
	pane: 'setup',
	script,
	when: 'once',
	optional: false,
	...changes,
});

type Places = Awaited<ReturnType<typeof makePlaces>>;

const stepFolder = ({context}: Places, id = 'setup') => path.join(context.stateFolder, 'steps', id);

async function perform({link, context}: Pick<Places, 'link' | 'context'>, each: ScriptStep, signal?: AbortSignal) {
	const logs: string[] = [];
	const result = await runScriptStep(link, each, context, ({log}) => logs.push(log ?? ''), signal);
	return {...result, log: logs.join('')};
}

/** The step that the configuration's commands make. */
function commands(context: StepContext, list: readonly string[], kind: 'build' | 'setup' | 'init' = 'setup'): ScriptStep {
	const found = scriptSteps({...context, configuration: environment({[kind]: list})}).find(({id}) => id === kind);
	if (!found) {
		throw new Error(`no ${kind} step`);
	}

	return found;
}

async function until(condition: () => boolean): Promise<void> {
	for (let count = 0; !condition(); count++) {
		if (count > 1000) {
			throw new Error('it never came');
		}

		await new Promise(resolve => {
			setTimeout(resolve, 20);
		});
	}
}

describe('a step', () => {
	it('runs in the workspace, marked, and gives its output', async () => {
		const places = await makePlaces({subfolder: 'in side'});
		mkdirSync(path.join(places.context.workspace, 'in side'));
		const {code, command, log} = await perform(places, step('pwd; echo "$DSTACK_TUI_INTENT $DSTACK_TUI_RUN"; echo oops >&2'));
		const {intentId, run, workspace} = places.context;
		expect({code, command, log}).toEqual({
			code: 0,
			command: undefined,
			log: `${workspace}/in side\n${intentId} ${run}\noops\n`,
		});
	});

	it('tells the command that failed, its exit code and its last lines', async () => {
		const places = await makePlaces();
		const list = [
			'echo one',
			'for i in $(seq 30); do echo "line $i"; done',
			'sh -c \'echo "the end\u001B[31m"; exit 7\'',
			'echo never',
		];
		const {code, command, lastLines, log} = await perform(places, commands(places.context, list));
		expect({code, command}).toEqual({code: 7, command: 'sh -c \'echo "the end"; exit 7\''});
		expect(lastLines).toHaveLength(20);
		expect(lastLines.at(-1)).toBe('the end');
		expect(log).not.toContain('never\n');
	});

	it.each([
		['a later line of a command', 'false\ntrue', 1],
		['exit', 'exit 3', 3],
		['a command that is not there', 'no-such-command-anywhere', 127],
		['words that are no shell', 'if', undefined],
		['an unset variable, where that is asked for', 'set -u; echo "$NOT_SET_ANYWHERE"', undefined],
	])('fails with %s', async (_name, command, expected) => {
		const places = await makePlaces();
		const result = await perform(places, commands(places.context, ['echo first', command, 'echo never']));
		expect(result.code).not.toBe(0);
		expect(result.code).toBe(expected ?? result.code);
		expect(result.command).toBe(command.replaceAll('\n', ' '));
		expect(result.log).not.toMatch(/^never$/m);
	});

	it('keeps one shell for all commands', async () => {
		const places = await makePlaces();
		const list = [
			'mkdir -p deep && cd deep',
			'export NAME="a  b"',
			'greet() { echo "hello $1"; }',
			'false || true',
			'cat <<END\nliteral #--- script ---\n#--- script ---\nEND',
			'greet "$NAME"; pwd',
		];
		const {code, log} = await perform(places, commands(places.context, list));
		expect(code).toBe(0);
		expect(log).toContain(`hello a  b\n${places.context.workspace}/deep\n`);
		expect(log).toContain('\n#--- script ---\n');
	});

	it('is done once, and its log is told again', async () => {
		const places = await makePlaces();
		const once = commands(places.context, ['echo x >> count', 'echo done']);
		const first = await perform(places, once);
		const second = await perform(places, once);
		expect(second).toEqual(first);
		expect(readFileSync(path.join(places.context.workspace, 'count'), 'utf8')).toBe('x\n');
	});

	it('runs at every start', async () => {
		const places = await makePlaces();
		const always = commands(places.context, ['echo x >> count'], 'init');
		await perform(places, always);
		await perform(places, always);
		expect(readFileSync(path.join(places.context.workspace, 'count'), 'utf8')).toBe('x\nx\n');
	});

	it('is from before a restart, which a new kernel or first process tells', async () => {
		const places = await makePlaces();
		const isOld = async () => isFromBefore(places.link, 'init', places.context);
		expect(await isOld()).toBe(false);
		await perform(places, commands(places.context, ['true'], 'init'));
		expect(await isOld()).toBe(false);
		const file = path.join(stepFolder(places, 'init'), 'began');
		const began = readFileSync(file, 'utf8');
		expect(began.trim()).not.toBe('');
		writeFileSync(
			file,
			began.replace(/\d(?=\D*$)/, digit => String((Number(digit) + 1) % 10)),
		);
		expect(await isOld()).toBe(true);
	});

	it('runs again after a failure, and keeps the old log', async () => {
		const places = await makePlaces();
		const each = commands(places.context, ['echo try; test -e mended']);
		expect(await perform(places, each)).toMatchObject({code: 1, command: 'echo try; test -e mended'});
		writeFileSync(path.join(places.context.workspace, 'mended'), '');
		expect(await perform(places, each)).toMatchObject({code: 0, command: undefined});
		expect(readFileSync(path.join(stepFolder(places), 'log.1'), 'utf8')).toContain('try\n');
	});

	it('lives on when the link is lost, and is followed again from its first byte', async () => {
		const places = await makePlaces();
		const each = step('echo x >> count; echo first; while [ ! -e go ]; do sleep 0.05; done; echo last');
		const doomed = localLink(places.home);
		const logs: string[] = [];
		const following = runScriptStep(doomed, each, places.context, ({log}) => logs.push(log ?? ''));
		await until(() => logs.join('') === 'first\n');
		doomed.lose();
		await expect(following).rejects.toThrow('the connection was lost');

		const again = perform(places, each);
		writeFileSync(path.join(places.context.workspace, 'go'), '');
		expect(await again).toMatchObject({code: 0, log: 'first\nlast\n'});
		expect(readFileSync(path.join(places.context.workspace, 'count'), 'utf8')).toBe('x\n');
	});

	it('goes on over the next link from where it was heard, also in the middle of a letter', async () => {
		const places = await makePlaces();
		const each = step("printf 'gr\\303'; while [ ! -e go ]; do sleep 0.05; done; printf '\\274n\\n'");
		const doomed = localLink(places.home);
		const logs: string[] = [];
		const heard = new Heard();
		const take = ({log}: StepReport) => logs.push(log ?? '');
		const following = runScriptStep(doomed, each, places.context, take, undefined, heard);
		await until(() => logs.join('') === 'gr');
		doomed.lose();
		await expect(following).rejects.toThrow('the connection was lost');
		writeFileSync(path.join(places.context.workspace, 'go'), '');
		const {lastLines} = await runScriptStep(places.link, each, places.context, take, undefined, heard);
		expect([logs.join(''), lastLines]).toEqual(['grün\n', ['grün']]);
	});

	it('tells progress in bytes as it is kept there, and what to do next where it fails', async () => {
		const places = await makePlaces();
		const told: StepReport[] = [];
		const script = `say() { echo "$1" > "$STEP_FOLDER/p" && mv "$STEP_FOLDER/p" "$STEP_FOLDER/progress"; }
heard() { until [ -e "$1" ]; do sleep 0.05; done; }
say '5 10 half'; heard 5; say '10 0'; heard 10; say 'nonsense'; sleep 0.5; echo 'do that' > "$STEP_FOLDER/next"; echo no; exit 3`;
		const result = await runScriptStep(places.link, step(script), places.context, report => {
			told.push(report);
			if (report.done !== undefined) {
				writeFileSync(path.join(places.context.workspace, String(report.done)), '');
			}
		});
		expect(result).toMatchObject({code: 3, next: 'do that', lastLines: ['no']});
		expect(told.filter(({done}) => done !== undefined)).toEqual([
			{done: 5, total: 10, unit: 'bytes', text: 'half'},
			{done: 10, total: undefined, unit: 'bytes'},
		]);
	});

	it('tells an end that nobody heard of, and does not run again for that', async () => {
		const places = await makePlaces();
		const each = step('echo x >> count; while [ ! -e go ]; do sleep 0.05; done; echo last; exit 4');
		const doomed = localLink(places.home);
		const following = runScriptStep(doomed, each, places.context, () => undefined);
		await until(() => existsSync(path.join(places.context.workspace, 'count')));
		doomed.lose();
		await expect(following).rejects.toThrow('the connection was lost');
		writeFileSync(path.join(places.context.workspace, 'go'), '');
		await until(() => existsSync(path.join(stepFolder(places), 'code')));
		expect(await perform(places, each)).toMatchObject({code: 4, log: 'last\n'});
		expect(readFileSync(path.join(places.context.workspace, 'count'), 'utf8')).toBe('x\n');
		await perform(places, each);
		expect(readFileSync(path.join(places.context.workspace, 'count'), 'utf8')).toBe('x\nx\n');
	});

	it('is only listened to until the signal', async () => {
		const places = await makePlaces();
		const stop = new AbortController();
		const following = perform(places, step('echo x >> count; while [ ! -e go ]; do sleep 0.05; done'), stop.signal);
		await until(() => existsSync(path.join(places.context.workspace, 'count')));
		const name = path.basename(path.dirname(places.here));
		const followers = () =>
			execFileSync('ps', ['-axo', 'args'], {encoding: 'utf8', maxBuffer: 1 << 26})
				.split('\n')
				.some(line => line.includes(name) && line.includes('exec 3<&0'));
		await until(followers);
		stop.abort(new Error('enough'));
		await expect(following).rejects.toThrow('enough');
		// What followed the log there ends too, the step goes on.
		expect(existsSync(path.join(stepFolder(places), 'code'))).toBe(false);
		await until(() => !followers());
		writeFileSync(path.join(places.context.workspace, 'go'), '');
		await until(() => existsSync(path.join(stepFolder(places), 'code')));
	});

	it('says that it was killed, and runs again', async () => {
		const places = await makePlaces();
		const each = step('echo x >> count; if [ -e go ]; then exit 0; fi; sleep 1000');
		const following = perform(places, each);
		const told = expect(following).rejects.toMatchObject({name: 'Problem', message: expect.stringMatching(/killed/) as string});
		await until(() => existsSync(path.join(places.context.workspace, 'count')));
		const pid = Number(readFileSync(path.join(stepFolder(places), 'pid'), 'utf8').split('\n')[0]);
		process.kill(-pid, 'SIGKILL');
		await told;
		writeFileSync(path.join(places.context.workspace, 'go'), '');
		expect(await perform(places, each)).toMatchObject({code: 0});
		expect(readFileSync(path.join(places.context.workspace, 'count'), 'utf8')).toBe('x\nx\n');
	});

	it('is not taken for alive when another process has its pid', async () => {
		const places = await makePlaces();
		const stranger = spawn('sleep', ['1000']);
		onTestFinished(() => void stranger.kill('SIGKILL'));
		mkdirSync(stepFolder(places), {recursive: true});
		writeFileSync(path.join(stepFolder(places), 'pid'), `${stranger.pid}\n1\n`);
		writeFileSync(path.join(stepFolder(places), 'log'), 'from before the machine went down\n');
		expect(await perform(places, step('echo anew'))).toMatchObject({code: 0, log: 'anew\n'});
	});

	it('is started by one of two clients, and followed by both', async () => {
		const places = await makePlaces();
		const each = step('echo x >> count; sleep 0.3; echo done');
		const both = await Promise.all([perform(places, each), perform({...places, link: localLink(places.home)}, each)]);
		expect(both.map(({code, log}) => ({code, log}))).toEqual([
			{code: 0, log: 'done\n'},
			{code: 0, log: 'done\n'},
		]);
		expect(readFileSync(path.join(places.context.workspace, 'count'), 'utf8')).toBe('x\n');
	});

	it('is not kept from starting by a client that died while it started it', async () => {
		const places = await makePlaces();
		mkdirSync(path.join(stepFolder(places), 'starting'), {recursive: true});
		expect(await perform(places, step('echo done'))).toMatchObject({code: 0, log: 'done\n'});
	});

	it('is given up when its folder goes while it waits for another client', async () => {
		const places = await makePlaces();
		const folder = stepFolder(places);
		mkdirSync(path.join(folder, 'starting'), {recursive: true});
		// A client that lives: nobody takes its place.
		writeFileSync(path.join(folder, 'starting/pid'), `${process.pid}\n`);
		const started = perform(places, step('echo done'));
		await new Promise(resolve => setTimeout(resolve, 300));
		rmSync(folder, {recursive: true});
		await expect(started).rejects.toThrow(/its folder there is gone/);
	});

	it('ends when its commands end, whatever they left running', async () => {
		const places = await makePlaces();
		const {code, log} = await perform(places, commands(places.context, ['sleep 1000 & echo started'], 'init'));
		expect(code).toBe(0);
		expect(log).toContain('started\n');
	});

	it('gives much output whole, and letters that fall apart between pieces', async () => {
		const places = await makePlaces();
		const {log, lastLines} = await perform(
			places,
			step('i=0; while [ $i -lt 3000 ]; do echo "ä日本語 line $i ------------------------------"; i=$((i+1)); done'),
		);
		expect(log.split('\n')).toHaveLength(3001);
		expect(log).not.toContain('\uFFFD');
		expect(lastLines.at(-1)).toContain('line 2999');
	});

	it('has the variables, whatever they hold', async () => {
		const places = await makePlaces();
		const value = 'a \'b\' "c" $HOME `id`\n second line \\';
		await writeVariables(places.link, places.context, {SECRET: value, PLAIN: 'x'});
		const {code} = await perform(places, step('printf %s "$SECRET" > out'));
		expect(code).toBe(0);
		expect(readFileSync(path.join(places.context.workspace, 'out'), 'utf8')).toBe(value);
	});
});

describe('the steps of a configuration', () => {
	it('come in their order, only those that apply', async () => {
		const {context} = await makePlaces();
		const ids = (changes: Parameters<typeof environment>[0], isolated = false) =>
			scriptSteps({...context, isolated, configuration: environment(changes)}).map(
				({id, when, optional}) => `${id} ${when}${optional ? ' optional' : ''}`,
			);
		expect(ids({})).toEqual(['guard always']);
		expect(ids({python: '3.11', build: ['a'], setup: ['a', 'b'], init: ['c'], ide: 'vscode'})).toEqual([
			'guard always',
			'python once',
			'build once',
			'setup once',
			'ide once optional',
			'init always',
		]);
		expect(ids({ide: 'vscode'})).toEqual(['guard always']);
		expect(ids({ide: 'vscode'}, true)).toEqual(['guard always', 'ide once optional']);
		expect(ids({ide: 'zed'}, true)).toEqual(['guard always']);
	});

	it('see that the deadline holds', async () => {
		const places = await makePlaces({deadline: 1_700_000_000_500});
		const guard = scriptSteps(places.context).find(({id}) => id === 'guard');
		if (!guard) {
			throw new Error('no guard');
		}

		const file = path.join(places.context.stateFolder, 'deadline');
		writeFileSync(file, '1700000000\n');
		expect(await perform(places, guard)).toMatchObject({code: 0});
		writeFileSync(file, 'off\n');
		expect(await perform(places, guard)).toMatchObject({
			code: 1,
			lastLines: ['the deadline there is off, expected 1700000000'],
		});
		expect(await readIf(path.join(stepFolder(places, 'guard'), 'command'))).toBeUndefined();
	});
});
