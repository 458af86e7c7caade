import {spawnSync} from 'node:child_process';
import {readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {describe, expect, it} from 'vitest';
import type {DevEnvironment} from '../../source/configuration/model.js';
import {splitWords} from '../../source/configuration/grammar/shell-words.js';
import {runScriptStep} from '../../source/environment/runner.js';
import {scriptSteps} from '../../source/environment/steps.js';
import {environment, makePlaces} from './support.js';

/** Runs commands as `setup` does, and tells what they printed beside themselves. */
async function runSetup(setup: readonly string[], changes: Partial<DevEnvironment>) {
	const places = await makePlaces();
	const context = {...places.context, configuration: environment({...changes, setup})};
	const step = scriptSteps(context).find(({id}) => id === 'setup') ?? expect.fail('no setup');
	let log = '';
	const result = await runScriptStep(places.link, step, context, report => {
		log += report.log ?? '';
	});
	const said = log.split('\n').filter(line => line !== '' && !line.startsWith('+ '));
	return {...result, said, folder: `${context.stateFolder}/steps/setup`, places};
}

const has = (command: string): boolean => spawnSync('sh', ['-c', `command -v ${command}`]).status === 0;

/** Prints its words and what it was called with, then runs the rest as a program. */
function entry(folder: string, text: string): string {
	const file = path.join(folder, 'entry point.sh');
	writeFileSync(file, `#!/bin/sh\n${text}\n`, {mode: 0o755});
	return file;
}

describe('commands in an asked shell', () => {
	it.each(['sh', 'bash', '/bin/sh', ...(has('dash') ? ['dash'] : []), ...(has('zsh') ? ['zsh'] : [])])('%s', async shell => {
		const {said, code} = await runSetup(
			['readlink -f /proc/$$/exe', 'a=carried', 'echo "$a it\'s $STEP_FOLDER"', 'echo "[$dstack_tui_shell]"'],
			{shell},
		);
		expect(code).toBe(0);
		const real = spawnSync('readlink', ['-f', spawnSync('sh', ['-c', `command -v ${shell}`], {encoding: 'utf8'}).stdout.trim()], {
			encoding: 'utf8',
		}).stdout.trim();
		expect(said[0]).toBe(real);
		expect(said[1]).toMatch(/^carried it's .*\/state's\/steps\/setup$/);
		expect(said[2]).toBe('[]');
	});

	it('the first that fails ends it and is named', async () => {
		const result = await runSetup(['true', 'exit 9', 'echo no'], {shell: 'sh'});
		expect(result).toMatchObject({code: 9, command: 'exit 9', said: []});
		expect(await runSetup(['false', 'echo no'], {shell: 'bash'})).toMatchObject({code: 1, command: 'false', said: []});
	});

	it('one that is not there, or is of another kind, is said with what to do', async () => {
		const missing = await runSetup(['echo no'], {shell: 'nosuchshell'});
		expect(missing).toMatchObject({code: 127, said: ['nosuchshell is not there, and the commands are to run in it']});
		expect(readFileSync(`${missing.folder}/next`, 'utf8')).toContain('Install nosuchshell in `build`');
		const other = await runSetup(['echo no'], {shell: '/bin/cat'});
		expect(other).toMatchObject({code: 126, said: ['/bin/cat is no shell of the POSIX kind']});
	});
});

describe('commands under an asked entry point', () => {
	it('are one last word after its own', async () => {
		const {said, code} = await runSetup(['echo "$0 in $-"', 'echo done'], {entrypoint: '/bin/bash -e -c'});
		expect(code).toBe(0);
		expect(said).toEqual([expect.stringMatching(/^\/bin\/bash in .*e/), 'done']);
	});

	it('run in the shell beside it, where it runs what it is given', async () => {
		const {places} = await runSetup(['true'], {});
		const file = entry(places.folder, 'export OF_ENTRY=yes; echo "$#:$1:$2:$3"; shift; exec "$@"');
		const {said, code} = await runSetup(['echo "$OF_ENTRY"; exit 4'], {entrypoint: `'${file}' "two words"`, shell: 'sh'});
		expect(said).toEqual([`4:two words:sh:-c`, 'yes']);
		expect(code).toBe(4);
	});

	it('hold no command as a word, which others could see', async () => {
		const {places} = await runSetup(['true'], {});
		const file = entry(places.folder, 'echo "$@"; exec sh -c "$1"');
		const {said} = await runSetup(['echo s3cret > /dev/null', 'true'], {entrypoint: `'${file}'`});
		expect(said.join('\n')).not.toContain('s3cret');
	});
});

describe('splitting words', () => {
	it.each<[line: string, words: string[]]>([
		['/bin/bash -i -c', ['/bin/bash', '-i', '-c']],
		['  a   b ', ['a', 'b']],
		[`'a b' "c d" e\\ f`, ['a b', 'c d', 'e f']],
		[`a'b'"c"d`, ['abcd']],
		[`"a\\"b\\\\c\\d"`, ['a"b\\c\\d']],
		[`'' ""`, ['', '']],
		['$HOME `x` *', ['$HOME', '`x`', '*']],
		['ä "ö ü"', ['ä', 'ö ü']],
	])('%j', (line, words) => {
		expect(splitWords(line)).toEqual(words);
	});

	it.each(["a 'b", 'a "b', 'a \\', `"a'`])('%j never ends', line => {
		expect(() => splitWords(line)).toThrow('a quote that ends');
	});
});
