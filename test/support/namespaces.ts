import {execFile, spawn, type ChildProcessWithoutNullStreams} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import process from 'node:process';
import {promisify} from 'node:util';
import {onTestFinished} from 'vitest';

const execute = promisify(execFile);
const ip = async (...args: readonly string[]) => execute('ip', args);

/** Why network namespaces cannot be made here; undefined where they can. */
export async function cannotMakeNamespaces(): Promise<string | undefined> {
	const name = `dt-${process.pid}-try`;
	try {
		await ip('netns', 'add', name);
		await ip('netns', 'delete', name);
		return undefined;
	} catch (error) {
		const {code, stderr} = error as {code?: unknown; stderr?: string};
		return code === 'ENOENT' ? 'ip (of iproute2)' : `network namespaces (${(stderr ?? String(error)).trim().split('\n')[0]})`;
	}
}

export type Namespace = {
	readonly name: string;
	/** `ip` in it. */
	ip(...args: readonly string[]): Promise<void>;
	/** The words that run a command in it. */
	readonly within: readonly string[];
	/** Starts a command in it, which ends with the test. */
	start(command: string, args: readonly string[]): ChildProcessWithoutNullStreams;
};

export async function makeNamespace(): Promise<Namespace> {
	const name = `dt-${process.pid}-${randomBytes(3).toString('hex')}`;
	await ip('netns', 'add', name);
	onTestFinished(async () => {
		await ip('netns', 'delete', name);
	});
	const inside = async (...args: readonly string[]) => {
		await ip('-n', name, ...args);
	};

	await inside('link', 'set', 'lo', 'up');
	return {
		name,
		ip: inside,
		within: ['ip', 'netns', 'exec', name],
		start(command, args) {
			const child = spawn('ip', ['netns', 'exec', name, command, ...args], {stdio: ['pipe', 'pipe', 'pipe']});
			child.stdin.on('error', () => undefined);
			onTestFinished(async () => {
				if (child.exitCode === null && child.signalCode === null) {
					const ended = new Promise(resolve => child.once('exit', resolve));
					child.kill('SIGKILL');
					await ended;
				}
			});
			return child;
		},
	};
}

/** A cable between two namespaces: the interface `name` in both, each with an address. */
export async function lay(name: string, [one, its]: [Namespace, string], [other, others]: [Namespace, string]): Promise<void> {
	await one.ip('link', 'add', name, 'type', 'veth', 'peer', 'name', name, 'netns', other.name);
	for (const [each, address] of [
		[one, its],
		[other, others],
	] as const) {
		await each.ip('address', 'add', address, 'dev', name);
		await each.ip('link', 'set', name, 'up');
	}
}
