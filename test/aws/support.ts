import {spawn} from 'node:child_process';
import {existsSync} from 'node:fs';
import {chmod, mkdir, readFile, writeFile} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {afterAll, onTestFinished} from 'vitest';
import {startCheckip} from '../backends/support/launch.js';
import {type Account as Keys, type Call, type Ec2, type Ec2Options, startEc2, usualAccount} from '../support/ec2/index.js';
import {findBench} from '../support/engine.js';
import {findMachines, type RealMachines} from '../support/machines/index.js';
import {cliFile, makeWorld, type World} from '../support/program.js';
import {startOpenRegistry} from '../support/registry.js';

export type Account = {
	readonly world: World;
	readonly ec2: Ec2;
	/** Writes other keys into the settings, as a person does in an editor while everything goes on. */
	readonly setKeys: (keys: Keys) => Promise<void>;
};

/** A home with an AWS account on a stand-in, and the whole program in it; with whole machines, environments come from `registry`. */
export async function makeAccount(options: Ec2Options = {}, registry?: MachineRegistry): Promise<Account> {
	const ec2 = await startEc2(options);
	onTestFinished(async () => ec2.close());
	const checkip = await startCheckip();
	const world = await makeWorld();
	const config = path.join(world.home, 'dt');
	await mkdir(config, {recursive: true, mode: 0o700});
	const file = path.join(config, 'backends.yml');
	const setKeys = async ({accessKeyId, secretAccessKey}: Keys) => {
		await writeFile(
			file,
			[
				'backends:',
				'  - type: aws',
				`    endpoint: ${ec2.url}`,
				`    checkip: ${checkip.url}`,
				'    regions: [us-east-1]',
				'    creds:',
				'      type: access_key',
				`      access_key: ${accessKeyId}`,
				`      secret_key: ${secretAccessKey}`,
				'',
			].join('\n'),
		);
		await chmod(file, 0o600);
	};

	await setKeys(usualAccount);
	if (registry) {
		const host = await registry.host();
		const settings = {
			registry: `${host}/builds/env`,
			base_image: `${host}/${registry.base}`,
			insecure_registries: [host],
			ide_origin: 'http://127.0.0.1:9',
		};
		await writeFile(path.join(config, 'config.json'), JSON.stringify(settings), {mode: 0o600});
	}

	return {world, ec2, setKeys};
}

export type MachineRegistry = {
	/** As machines and this program reach it now, with the port: each test's machines have a network of their own. */
	host(): Promise<string>;
	/** The base image's name within it. */
	readonly base: string;
	/** Puts an image of the base one's files after `script` there; returns its name. */
	derive(name: string, script: string): Promise<string>;
};

/** Whole machines and the registry that their environments come from, for a test file; undefined, with one line that says why. */
export async function findWholeMachines(
	suite: string,
): Promise<{readonly machines: RealMachines; readonly registry: MachineRegistry} | undefined> {
	const bench = await findBench(suite, ['docker-registry']);
	const machines = bench && (await findMachines(suite));
	if (!machines) {
		return undefined;
	}

	const {port, base, stop} = await startOpenRegistry(bench);
	afterAll(async () => {
		await stop();
		await machines.close();
	});
	const host = async () => `${await machines.host()}:${port}`;
	const derive = async (name: string, script: string): Promise<string> => {
		const {docker} = bench.engine;
		const container = await docker('create', '--entrypoint', '/bin/sh', bench.image, '-c', script);
		const local = `localhost:${port}/${name}`;
		try {
			await docker('start', '--attach', container);
			await docker('commit', '--change', 'ENTRYPOINT []', container, local);
			await docker('push', '--quiet', local);
			await docker('rmi', local);
		} finally {
			await docker('rm', '-f', container);
		}

		return `${await host()}/${name}`;
	};

	return {machines, registry: {host, base, derive}};
}

/** A launch that is meant, and not only tried out. */
export const isReal = ({input}: Pick<Call, 'input'>): boolean => input['DryRun'] !== true;

/** Starts `run` of the project on the stand-in and kills it as soon as its journal holds `sign`, or that is true. */
export async function killRunAt(
	world: World,
	name: string,
	sign: string | (() => boolean),
	asked: readonly string[],
): Promise<void> {
	const journal = path.join(world.home, 'dt/runs', name, 'journal.jsonl');
	const child = spawn(process.execPath, [cliFile, 'run', '.', '-n', name, '--plain', ...asked], {
		cwd: world.project,
		env: world.env,
		stdio: 'ignore',
	});
	const ended = new Promise(resolve => {
		child.once('exit', resolve);
	});
	const isDue = async () =>
		typeof sign === 'string' ? existsSync(journal) && (await readFile(journal, 'utf8')).includes(sign) : sign();
	while (child.exitCode === null && !(await isDue())) {
		await new Promise(resolve => setTimeout(resolve, 2));
	}

	child.kill('SIGKILL');
	await ended;
}
