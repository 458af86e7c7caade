import {execFile} from 'node:child_process';
import {existsSync} from 'node:fs';
import {chmod, copyFile, mkdtemp, readFile, rename, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {promisify} from 'node:util';
import {cacheFolder, locked} from './cache.js';
import {takeOwnEngine} from './own-engine.js';
import {hasCommand} from './program.js';

const execute = promisify(execFile);

/** A Docker engine of this machine, for one test file. */
export type TestEngine = {
	/** What `DOCKER_HOST` has to be. */
	readonly host: string;
	/** The `docker` command against it; its output without blanks at the ends. Rejects with what it said. */
	docker(...args: readonly string[]): Promise<string>;
};

export type Missing = {readonly missing: string};

const usualHost = 'unix:///var/run/docker.sock';
const isRoot = process.getuid?.() === 0;

const commandOf =
	(host: string): TestEngine['docker'] =>
	async (...args) => {
		const {stdout} = await execute('docker', args, {
			env: {...process.env, DOCKER_HOST: host},
			maxBuffer: 64 * 1024 * 1024,
			encoding: 'utf8',
		});
		return stdout.trim();
	};

/** The engine that answers here, else the tests' own, else what is missing. */
export async function findEngine(): Promise<TestEngine | Missing> {
	if (!hasCommand('docker')) {
		return {missing: 'docker'};
	}

	const named = process.env['DOCKER_HOST'];
	if (named && !named.startsWith('unix://')) {
		return {missing: 'a Docker engine on this machine (DOCKER_HOST names one elsewhere)'};
	}

	const host = named || usualHost;
	if (await answers(host)) {
		return {host, docker: commandOf(host)};
	}

	if (!isRoot || !hasCommand('dockerd')) {
		return {missing: 'a Docker engine that answers (as root with dockerd installed, the tests start one)'};
	}

	try {
		const own = await takeOwnEngine(answers);
		return {host: own, docker: commandOf(own)};
	} catch (error) {
		return {missing: `a Docker engine (${(error as Error).message})`};
	}
}

const answers = async (host: string): Promise<boolean> =>
	commandOf(host)('info', '--format', '{{.ServerVersion}}').then(
		version => version !== '',
		() => false,
	);

/** An image of Debian's (or Ubuntu's) packages. Another version is another image: change it with the packages. */
export type Recipe = {
	readonly image: string;
	readonly packages: readonly string[];
	/** Packages that debootstrap cannot put in order: apt installs them into what it has made. */
	readonly more?: readonly string[];
};

/** A base image for environments, with sshd, git and Python. */
const environmentRecipe: Recipe = {
	image: 'dstack-tui-test:1',
	packages: ['openssh-server', 'git', 'ca-certificates', 'curl', 'python3', 'python3-venv', 'procps', 'rsync'],
};

/** The name of a recipe's image: there already, from the cache, or built by debootstrap. */
export async function ensureImage(
	{docker}: TestEngine,
	recipe: Recipe = environmentRecipe,
): Promise<{readonly image: string} | Missing> {
	const {image} = recipe;
	const isThere = async () =>
		docker('image', 'inspect', image).then(
			() => true,
			() => false,
		);
	if (await isThere()) {
		return {image};
	}

	const make = async () => {
		if (await isThere()) {
			return {image};
		}

		const archive = path.join(cacheFolder, `${image.replace(':', '-')}.tar`);
		if (!existsSync(archive)) {
			const reason = cannotBuild(image);
			if (reason !== undefined) {
				return {missing: reason};
			}

			await buildArchive(archive, recipe);
		}

		await docker('import', archive, image);
		return {image};
	};

	return locked('image', make).catch((error: unknown) => {
		const words = String((error as {stderr?: string}).stderr || error)
			.trim()
			.split('\n');
		return {missing: `the image ${image} (it cannot be built: ${words.at(-1)?.slice(0, 300)})`};
	});
}

function cannotBuild(image: string): string | undefined {
	if (!isRoot) {
		return `the image ${image} (only root can build it)`;
	}

	return hasCommand('debootstrap') ? undefined : 'debootstrap';
}

async function buildArchive(archive: string, {packages, more = []}: Recipe): Promise<void> {
	const {id, codename} = await readRelease();
	const root = await mkdtemp(path.join(tmpdir(), 'dt-image-'));
	try {
		await execute(
			'debootstrap',
			[
				'--variant=minbase',
				...(id === 'ubuntu' ? ['--components=main,universe'] : []),
				`--include=${packages.join(',')}`,
				codename,
				root,
				await mirror(id, codename),
			],
			{maxBuffer: 64 * 1024 * 1024},
		).catch((error: {stdout?: string}) => {
			const said = error.stdout?.trim().split('\n').at(-1);
			throw said ? new Error(said) : error;
		});
		await chmod(root, 0o755);
		if (more.length > 0) {
			await installMore(root, more);
		}

		await execute('tar', [
			...[
				'-C',
				root,
				'--exclude=./etc/ssh/ssh_host_*',
				'--exclude=./var/cache/apt/archives/*.deb',
				'--exclude=./var/lib/apt/lists/*',
			],
			...['-cf', `${archive}.part`, '.'],
		]);
		await rename(`${archive}.part`, archive);
	} finally {
		await rm(root, {recursive: true, force: true});
		await rm(`${archive}.part`, {force: true});
	}
}

async function installMore(root: string, packages: readonly string[]): Promise<void> {
	await copyFile('/etc/resolv.conf', path.join(root, 'etc/resolv.conf'));
	// Nothing may start while it is installed: it would be a process of this machine.
	const policy = path.join(root, 'usr/sbin/policy-rc.d');
	await writeFile(policy, '#!/bin/sh\nexit 101\n', {mode: 0o755});
	const apt = async (...args: readonly string[]) =>
		execute('chroot', [root, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-qq', ...args], {maxBuffer: 64 * 1024 * 1024});
	await apt('update');
	await apt('install', '-y', '--no-install-recommends', ...packages);
	await rm(policy);
}

async function readRelease(): Promise<{id: string; codename: string}> {
	const text = await readFile('/etc/os-release', 'utf8');
	const value = (key: string) => new RegExp(`^${key}="?([^"\\n]*)`, 'm').exec(text)?.[1];
	return {id: value('ID') ?? 'debian', codename: value('VERSION_CODENAME') ?? 'stable'};
}

/** Where this machine gets its own packages from. */
async function mirror(id: string, codename: string): Promise<string> {
	const {stdout} = await execute('apt-get', ['indextargets', '--format', '$(REPO_URI) $(RELEASE)', 'Identifier: Packages']);
	const own = stdout
		.split('\n')
		.map(line => line.split(' '))
		.find(([uri, release]) => release === codename && /^https?:/.test(uri ?? '') && !/security/.test(uri ?? ''));
	const usual = id === 'ubuntu' ? 'http://archive.ubuntu.com/ubuntu' : 'http://deb.debian.org/debian';
	return process.env['DEBIAN_MIRROR'] ?? own?.[0] ?? usual;
}

export type Bench = {readonly engine: TestEngine; readonly image: string};

/** Engine, image and the other commands that a test file needs; undefined, with one line that says why, where something is missing. */
export async function findBench(suite: string, commands: readonly string[] = []): Promise<Bench | undefined> {
	const skip = (missing: string) => {
		console.warn(`${suite}: skipped, missing: ${missing}`);
		return undefined;
	};

	const absent = commands.filter(command => !hasCommand(command));
	if (absent.length > 0) {
		return skip(absent.join(', '));
	}

	const engine = await findEngine();
	if ('missing' in engine) {
		return skip(engine.missing);
	}

	const found = await ensureImage(engine);
	if ('missing' in found) {
		return skip(found.missing);
	}

	return {engine, image: found.image};
}
