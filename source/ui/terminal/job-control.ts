import {once} from 'node:events';
import process from 'node:process';

const wakeLimit = 300;
/** A shell waits for the prompt; who could not let go by then is found not to answer. Milliseconds. */
const restLimit = 3000;

const nextTurn = async () =>
	new Promise(resolve => {
		setImmediate(resolve);
	});

type Following = {
	/** Whether another program has the terminal. */
	readonly isLent: () => boolean;
	/** Called when the job is stopped: gives the terminal back, stops with `stop`, and takes the terminal again. */
	readonly onStop: () => void;
	/** Called before the program stops, and waited for a moment: lets go of what others need. */
	readonly onRest: () => Promise<void>;
	/** Called when it goes on after that. */
	readonly onResume: () => void;
	/** Called when the program goes on after it was stopped unasked: the terminal is as the shell left it. */
	readonly onWake: () => void;
};

/** The program as a job of a shell. */
export type Job = {
	/** Stops the whole job, as the shell's ctrl-z does, and returns when it goes on. A job that nobody can wake is not stopped by the system. */
	readonly stop: () => Promise<void>;
	readonly unfollow: () => void;
};

/** Follows what a shell, or somebody with `kill`, does to this program as a job: SIGTSTP, and SIGCONT after it or after a SIGSTOP. */
export function followJob({isLent, onRest, onResume, onStop, onWake}: Following): Job {
	/** With nobody listening, the system stops the program. */
	const stopped = async (stop: () => void) => {
		process.off('SIGTSTP', onSuspend);
		try {
			await Promise.race([onRest(), new Promise(resolve => setTimeout(resolve, restLimit))]);
			const woken = once(process, 'SIGCONT');
			stop();
			await Promise.race([woken, new Promise(resolve => setTimeout(resolve, wakeLimit))]);
		} finally {
			process.on('SIGTSTP', onSuspend);
			onResume();
		}
	};

	const onSuspend = () => {
		if (isLent()) {
			// The program that has the terminal stops as well, and has put it in order.
			void stopped(() => process.kill(process.pid, 'SIGTSTP'));
		} else {
			onStop();
		}
	};

	const onContinue = () => {
		if (!isLent()) {
			onWake();
		}
	};

	process.on('SIGTSTP', onSuspend);
	process.on('SIGCONT', onContinue);
	return {
		stop: async () => stopped(() => process.kill(0, 'SIGTSTP')),
		unfollow() {
			process.off('SIGTSTP', onSuspend);
			process.off('SIGCONT', onContinue);
		},
	};
}

/** Has the size of the terminal asked anew: a job in the background is not told that it changed. */
export async function refreshSize(): Promise<void> {
	if (process.platform === 'win32') {
		return;
	}

	process.kill(process.pid, 'SIGWINCH');
	await nextTurn();
	await nextTurn();
}
