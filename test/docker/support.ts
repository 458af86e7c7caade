import {symlink, chmod, readFile} from 'node:fs/promises';
import path from 'node:path';
import {expect, onTestFinished} from 'vitest';
import type {Bench} from '../support/engine.js';
import {makeWorld, objects as objectsOf, type Result, type Started, type World} from '../support/program.js';

export type Line = Readonly<Record<string, unknown>> & {readonly type?: string};

/** A home and a project whose environments are containers. */
export type DockerWorld = World & {
	/** Ids of this home's containers, running or not. */
	containers(): Promise<readonly string[]>;
	/** The command as `ssh NAME …`, through the alias alone. */
	ssh(name: string, command: string): Promise<Result>;
	/** `run . -y -d` to its end; fails the test when it does not become ready. */
	ready(args?: readonly string[]): Promise<Ready>;
	/** Runs as `ps --json` tells them. */
	ps(...args: readonly string[]): Promise<readonly Line[]>;
};

export type Ready = {readonly name: string; readonly lines: readonly Line[]};

export const configuration = 'type: dev-environment\n';

/** A repository with one of each kind of change, and what is needed to run it. */
export async function makeDockerWorld({engine, image}: Bench, yaml = configuration): Promise<DockerWorld> {
	const world = await makeWorld();
	world.env['DOCKER_HOST'] = engine.host;
	world.env['DSTACK_TUI_IMAGE'] = image;
	const tag = async () => (await readFile(path.join(world.home, 'dt/installation'), 'utf8').catch(() => '')).trim();
	const containers = async () => {
		const installation = await tag();
		return installation === ''
			? []
			: lines(await engine.docker('ps', '-aq', '--no-trunc', '--filter', `label=dstack-tui.installation=${installation}`));
	};

	onTestFinished(async () => {
		for (const {name} of await ps()) {
			await world.cli(['stop', String(name), '-y', '--discard']);
		}

		const left = await containers();
		if (left.length > 0) {
			await engine.docker('rm', '-fv', ...left);
		}

		expect(left).toEqual([]);
	});

	const ps: DockerWorld['ps'] = async (...args) => {
		const {code, stdout, stderr} = await world.cli(['ps', '--json', ...args]);
		expect(code, stderr + stdout).toBe(0);
		return objects(stdout);
	};

	await fill(world, yaml);
	return {
		...world,
		containers,
		ps,
		ssh: async (name, command) => world.run('ssh', [...world.sshOptions, name, command]),
		async ready(args = []) {
			const {code, stdout, stderr} = await world.cli(['run', '.', '-y', '-d', '--json', ...args]);
			expect(code, stderr + stdout).toBe(0);
			return readyOf(stdout);
		},
	};
}

async function fill({write, git, project}: World, yaml: string): Promise<void> {
	await write({
		'.dstack.yml': yaml,
		'.gitignore': 'ignored\n',
		'kept.txt': 'kept\n',
		'changed.txt': 'before\n',
		'staged.txt': 'before\n',
		'removed.txt': 'here\n',
		'script.sh': '#!/bin/sh\necho run\n',
	});
	git('init', '-q');
	git('add', '-A');
	git('commit', '-qm', 'First');
	await write({
		'changed.txt': 'after\n',
		'staged.txt': 'after\n',
		'new ä\nname.txt': 'new\n',
		'folder/deep.txt': 'new\n',
		ignored: 'no\n',
	});
	git('add', 'staged.txt');
	git('rm', '-q', 'removed.txt');
	await chmod(path.join(project, 'script.sh'), 0o755);
	await symlink('kept.txt', path.join(project, 'link'));
}

export function readyOf(stdout: string): Ready {
	const all = objects(stdout);
	const name = all.find(({type}) => type === 'connected')?.['name'];
	expect(name, stdout).toBeTypeOf('string');
	return {name: String(name), lines: all};
}

export const lines = (text: string): string[] => text.split('\n').filter(Boolean);

/** What `--json` printed. */
export const objects = objectsOf<Line>;

/** What a running program has printed so far with `--json`; a line that is not whole yet is left out. */
export const linesOf = (started: Started): Line[] => objects(started.output().slice(0, started.output().lastIndexOf('\n') + 1));
