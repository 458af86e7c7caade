import {spawn} from 'node:child_process';
import {once} from 'node:events';
import process from 'node:process';

/** What Ink gives for lending the terminal. */
export type Suspend = (callback: () => Promise<void>) => Promise<void>;

const nextTurn = async () =>
	new Promise(resolve => {
		setImmediate(resolve);
	});

/**
Stops reading the terminal. Ink only stops listening, and Node goes on reading ahead: keys that are meant for the command in the foreground
would now and then be ours.
*/
export async function releaseInput(): Promise<void> {
	await nextTurn();
	process.stdin.pause();
	await nextTurn();
}

/** Runs a command in the foreground of this terminal. Resolves with its exit code; rejects when it cannot be started. */
export async function runInForeground([command = '', ...args]: readonly string[]): Promise<number> {
	const child = spawn(command, args, {stdio: 'inherit'});
	return new Promise((resolve, reject) => {
		child.once('error', reject);
		child.once('exit', (code, signal) => resolve(code ?? (signal === null ? 1 : 130)));
	});
}

const wakeLimit = 300;

/** Stops the whole job, as the shell's ctrl-z does, and returns when it goes on. A job that nobody can wake is not stopped by the system. */
export async function stopJob(): Promise<void> {
	const woken = once(process, 'SIGCONT');
	process.kill(0, 'SIGTSTP');
	await Promise.race([woken, new Promise(resolve => setTimeout(resolve, wakeLimit))]);
}

/** Puts text on the clipboard of the terminal that the person sits at (OSC 52), over any number of SSH hops. */
export function copyText(text: string): void {
	process.stdout.write(`\u001B]52;c;${Buffer.from(text).toString('base64')}\u0007`);
}

const openers: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
	darwin: ['open'],
	win32: ['cmd', '/c', 'start', ''],
};

/** Opens a link with the desktop's own program for it. Rejects where there is none or it refuses. */
export async function openLink(url: string): Promise<void> {
	const {execa} = await import('execa');
	const [command = '', ...args] = openers[process.platform] ?? ['xdg-open'];
	const {failed, code, exitCode} = await execa(command, [...args, url], {stdio: 'ignore', timeout: 10_000, reject: false});
	if (failed) {
		throw new Error(
			code === 'ENOENT'
				? `there is no ${command}`
				: `${command} ${exitCode === undefined ? 'did not end' : `ended with exit code ${exitCode}`}`,
		);
	}
}
