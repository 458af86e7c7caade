import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {GrammarError} from '../../source/configuration/grammar/grammar.js';
import {interpolate, readPieces} from '../../source/configuration/grammar/interpolation.js';
import {resolveEnvironment, type Values} from '../../source/configuration/resolve/resolve-references.js';
import {environment} from '../environment/support.js';
import {answersOrComplains, least, placeOf, problemOf, readText} from './support.js';

const run = {namespace: 'run', name: 'name'} as const;

describe('pieces', () => {
	it.each([
		['plain', ['plain']],
		['', []],
		['${{ run.name }}', [run]],
		['${{run.name}}', [run]],
		['${{   run.name   }}', [run]],
		['a-${{ run.name }}-b', ['a-', run, '-b']],
		['${{ run.name }}${{ secrets.T }}', [run, {namespace: 'secrets', name: 'T'}]],
		['${{ secrets.my-token }}', [{namespace: 'secrets', name: 'my-token'}]],
		['$', ['$']],
		['$HOME', ['$HOME']],
		['${HOME}', ['${HOME}']],
		['$$', ['$']],
		['$$HOME', ['$HOME']],
		['$$$$', ['$$']],
		['$${{ run.name }}', ['${{ run.name }}']],
		['$$${{ run.name }}', ['$', run]],
		['}} {{ run.name }}', ['}} {{ run.name }}']],
		['a\n${{ run.name }}', ['a\n', run]],
	])('%j', (text, pieces) => {
		expect(readPieces(text)).toEqual(pieces);
	});

	it.each([
		['${{ run.name', 'not closed'],
		['a ${{ run.name } }', 'not closed'],
		['${{ }}', 'one dot'],
		['${{ name }}', 'one dot'],
		['${{ run.name.more }}', 'one dot'],
		['${{ run. }}', 'one dot'],
		['${{ .name }}', 'one dot'],
		['${{ run name }}', 'one dot'],
		['${{ runs.name }}', 'expected one of run, env, secrets'],
		['${{ ${{ run.name }} }}', 'one dot'],
	])('%j: %s', (text, words) => {
		expect(() => readPieces(text)).toThrow(GrammarError);
		expect(() => readPieces(text)).toThrow(words);
	});

	it('answers any text, or complains', () => {
		answersOrComplains(readPieces, (pieces: unknown[]) => Array.isArray(pieces));
		const piece = fc.constantFrom('$', '$$', '${{', '}}', ' ', 'run', '.', 'name', 'x', '{', '}');
		fc.assert(
			fc.property(fc.array(piece, {maxLength: 12}), parts => {
				try {
					readPieces(parts.join(''));
				} catch (error) {
					expect(error).toBeInstanceOf(GrammarError);
				}
			}),
			{numRuns: 500},
		);
	});

	it('a text whose dollars are doubled is that text', () => {
		fc.assert(
			fc.property(fc.string({unit: fc.constantFrom('$', '{', '}', 'a', ' ')}), text => {
				expect(interpolate(text.replaceAll('$', '$$$$'), () => undefined)).toBe(text);
			}),
		);
	});
});

describe('references of a file', () => {
	const errorsOf = async (lines: string, secrets?: readonly string[]) => {
		const {diagnostics} = await readText(`${least}${lines}\n`, secrets && {secrets: new Set(secrets)});
		return diagnostics.filter(({severity}) => severity === 'error');
	};

	it.each([
		'setup: ["echo ${{ run.name }}"]',
		'build: ["echo ${{ run.name }}"]',
		'init: ["echo ${{ run.name }}"]',
		'image: x:${{ run.name }}',
		'image: x:${{ env.TAG }}\nenv: {TAG: a}',
		'image: x:${{ env.TAG }}\nenv: [TAG]',
		'env: {A: "${{ run.name }}"}',
		'env: {A: "${{ secrets.T }}"}',
		'env: ["A=${{ secrets.T }}"]',
		'registry_auth: {username: me, password: "${{ secrets.T }}"}',
		'registry_auth: {username: "${{ env.USER }}", password: "${{ env.P }}"}\nenv: [USER, P]',
		'working_dir: /x/${{ run.name }}',
		'working_dir: /x/${{ env.A }}\nenv: {A: a}',
		'cache: ["${{ env.A }}"]\nenv: {A: a}',
		'setup: ["echo $HOME ${HOME} $((1+1))"]',
		'setup: ["echo $${{ not.a.reference }}"]',
	])('%j is sound', async lines => {
		expect(await errorsOf(lines, ['T'])).toEqual([]);
	});

	it.each([
		['setup:\n  - ok\n  - echo ${{ run.nmae }}', '4:5', 'there is no run.nmae; expected run.name', 'name'],
		['env: {A: "${{ secrets.TOKN }}"}', '2:10', "there is no secret called 'TOKN'", 'TOKEN'],
		['image: x:${{ env.TGA }}\nenv: {TAG: a}', '2:8', "`env` has no variable called 'TGA'", 'TAG'],
		['env: {A: "${{ env.B }}", B: b}', '2:10', 'env.B cannot be used in `env`', undefined],
		['image: x:${{ secrets.TOKEN }}', '2:8', 'secrets.TOKEN cannot be used in `image`', undefined],
		['working_dir: ${{ secrets.TOKEN }}', '2:14', 'secrets.TOKEN cannot be used in `working_dir`', undefined],
		[
			'setup: ["curl -H ${{ secrets.TOKEN }}"]',
			'2:9',
			'would stand in its log; write `env: [TOKEN=${{ secrets.TOKEN }}]`',
			undefined,
		],
		['build: ["x ${{ secrets.TOKEN }}"]', '2:9', 'would stand in its log', undefined],
		['init: ["x ${{ secrets.TOKEN }}"]', '2:8', 'would stand in its log', undefined],
		['setup: ["x ${{ env.A }}"]\nenv: {A: a}', '2:9', 'write $A: in a command it is a variable', undefined],
		['setup: ["x ${{ run.name"]', '2:9', 'not closed', undefined],
		['setup: ["x ${{ run }}"]', '2:9', 'one dot', undefined],
		['setup: ["x ${{ rnu.name }}"]', '2:9', 'expected one of run, env, secrets', undefined],
		['setup: ["x ${{ run.args }}"]', '2:9', 'there is no run.args', undefined],
		['registry_auth:\n  password: ${{ secrets.NONE }}', '3:13', "there is no secret called 'NONE'", undefined],
	])('%j at %s: %s', async (lines, place, words, suggestion) => {
		const errors = await errorsOf(lines, ['TOKEN']);
		expect(errors).toHaveLength(1);
		expect(errors[0]?.message).toContain(words);
		expect(placeOf(errors[0]!)).toBe(place);
		expect(errors[0]?.suggestion).toBe(suggestion);
	});

	it('secrets that nobody has looked for are not missed', async () => {
		expect(await errorsOf('env: {A: "${{ secrets.ANY }}"}')).toEqual([]);
	});

	it('`$$` in a command is one `$`, and that is said', async () => {
		const {environment: read, diagnostics} = await readText(`${least}setup:\n  - echo $$\n  - echo $\${{ x.y }}\n`);
		expect(read).toBeDefined();
		expect(diagnostics).toMatchObject([{severity: 'warning', line: 3}]);
		expect(diagnostics[0]?.message).toContain('`$$$$`');
		expect((await readText(`${least}setup:\n  - echo $$$$\n`)).diagnostics).toEqual([]);
	});
});

describe('an environment that is settled', () => {
	const values: Values = {
		run: {name: 'fast-moth-1'},
		secrets: {TOKEN: 's3cret', $: 'no'},
		caller: {HF_TOKEN: 'mine', EMPTY: '', REF: '${{ secrets.TOKEN }}'},
	};

	it('has every value in its place', () => {
		const settled = resolveEnvironment(
			environment({
				env: {A: '${{ run.name }}', B: 'x${{ secrets.TOKEN }}', C: '$$5'},
				callerEnv: ['HF_TOKEN', 'EMPTY'],
				image: 'x:${{ env.A }}',
				registryAuth: {username: '${{ env.HF_TOKEN }}', password: '${{ secrets.TOKEN }}'},
				build: ['b ${{ run.name }}'],
				setup: ['s $$HOME $HOME'],
				init: ['i ${{ run.name }}'],
				entrypoint: '${{ run.name }}',
				workingDir: '/${{ env.A }}',
				homeDir: '/${{ run.name }}',
				cache: ['${{ env.B }}'],
			}),
			values,
		);
		expect(settled).toMatchObject({
			env: {A: 'fast-moth-1', B: 'xs3cret', C: '$5', HF_TOKEN: 'mine', EMPTY: ''},
			callerEnv: [],
			image: 'x:fast-moth-1',
			registryAuth: {username: 'mine', password: 's3cret'},
			build: ['b fast-moth-1'],
			setup: ['s $HOME $HOME'],
			init: ['i fast-moth-1'],
			entrypoint: 'fast-moth-1',
			workingDir: '/fast-moth-1',
			homeDir: '/fast-moth-1',
			cache: ['xs3cret'],
		});
	});

	it("a caller's value is a value, and never read for references", () => {
		expect(resolveEnvironment(environment({callerEnv: ['REF']}), values).env).toEqual({REF: '${{ secrets.TOKEN }}'});
	});

	it('a variable that the caller has not is a problem with what to do', async () => {
		const problem = await problemOf(() => resolveEnvironment(environment({callerEnv: ['HF_TOKEN', 'NONE', 'NADA']}), values));
		expect(problem).toMatchObject({kind: 'configuration'});
		expect(problem.message).toContain('NONE, NADA');
		expect(problem.message).not.toContain('HF_TOKEN');
		expect(problem.next).toMatch(/export NONE=.*-e NONE=/);
	});

	it.each([
		['env', environment({env: {A: '${{ secrets.GONE }}'}}), 'secrets.GONE'],
		['setup', environment({setup: ['${{ secrets.TOKEN }}']}), 'secrets.TOKEN'],
		['image', environment({image: '${{ env.NONE }}'}), 'env.NONE'],
		['image', environment({image: '${{ env.toString }}'}), 'env.toString'],
		['registry_auth', environment({registryAuth: {username: '', password: '${{ secrets.__proto__ }}'}}), 'secrets.__proto__'],
	])('what has no value in `%s` is a problem, never an empty text', async (key, given, name) => {
		const problem = await problemOf(() => resolveEnvironment(given, values));
		expect(problem.kind).toBe('configuration');
		expect(problem.message).toContain(`\`${key}\``);
		expect(problem.message).toContain(name);
	});

	it('no message holds the value of a secret', async () => {
		const problem = await problemOf(() =>
			resolveEnvironment(environment({setup: ['${{ secrets.TOKEN }} ${{ env.X }}']}), values),
		);
		expect(JSON.stringify([problem.message, problem.next, problem.details])).not.toContain('s3cret');
	});

	it('nothing else changes, and nothing is changed in place', () => {
		const given = environment({name: 'x', setup: ['plain'], ports: [{local: 1, remote: 2}]});
		const before = structuredClone(given);
		expect(resolveEnvironment(given, values)).toEqual(before);
		expect(given).toEqual(before);
	});
});
