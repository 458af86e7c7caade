import {spawn} from 'node:child_process';
import process from 'node:process';
import {clipboardSequence, giveTitleBack, hasTitle, keepTitle, multiplexerOf, notification, titleSequence} from './sequences.js';
import type {NotifyWay} from '../../runs/settings/attention-settings.js';

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

/**
Runs a command in the foreground of this terminal, and hangs up on it when `signal` is aborted. Resolves with its exit code; rejects when it
cannot be started.
*/
export async function runInForeground([command = '', ...args]: readonly string[], signal: AbortSignal): Promise<number> {
	const child = spawn(command, args, {stdio: 'inherit'});
	const hangUp = () => child.kill('SIGHUP');
	signal.addEventListener('abort', hangUp, {once: true});
	return new Promise<number>((resolve, reject) => {
		child.once('error', reject);
		child.once('exit', (code, by) => resolve(code ?? (by === null ? 1 : 130)));
	}).finally(() => signal.removeEventListener('abort', hangUp));
}

/** Puts text on the clipboard of the terminal that the person sits at, and into tmux's own where this runs in it. */
export function copyText(text: string): void {
	const {env, stdout} = process;
	stdout.write(clipboardSequence(text, env));
	if (multiplexerOf(env) === 'tmux' && env['TMUX']) {
		// Which gives it on to the terminal by its own setting. Where it cannot, what was written holds.
		const child = spawn('tmux', ['load-buffer', '-w', '-'], {stdio: ['pipe', 'ignore', 'ignore']});
		child.on('error', () => undefined);
		child.stdin.on('error', () => undefined);
		child.stdin.end(text);
	}
}

/** Calls the person by their setting. While the terminal is another program's, only its bell is safe to use. */
export function callPerson(words: string, way: NotifyWay | undefined, isLent: boolean): void {
	process.stdout.write(notification(words, process.env, isLent && way !== 'off' ? 'bell' : way));
}

/** The window's title while the full screen is open; what the window had before is kept and given back with each way out. */
export class WindowTitle {
	readonly #isOn: boolean;
	#isInside = false;
	#title = '';

	constructor(isOn: boolean) {
		this.#isOn = isOn && hasTitle(process.env);
	}

	set(title: string): void {
		this.#title = title;
		if (this.#isInside) {
			process.stdout.write(titleSequence(title));
		}
	}

	/** What is sent with an entry into the full screen, and before a way out of it. */
	enter(): string {
		if (!this.#isOn) {
			return '';
		}

		this.#isInside = true;
		return keepTitle + titleSequence(this.#title);
	}

	leave(): string {
		const given = this.#isInside ? giveTitleBack : '';
		this.#isInside = false;
		return given;
	}
}
