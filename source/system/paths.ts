import {homedir, userInfo} from 'node:os';
import path from 'node:path';
import process from 'node:process';
import envPaths from 'env-paths';
import {windowsProfile, type WindowsProfile} from './wsl.js';

/** Every place that this program reads or writes, all absolute. */
export type Paths = {
	/** Preferences (by conf) and `backends.yml`. */
	readonly config: string;
	/** The person's secrets, readable by them only. */
	readonly secrets: string;
	/** The person's home folder. */
	readonly home: string;
	/** Journals, logs and keys: one folder per run. */
	readonly runs: string;
	/** What host processes keep for the next run: one folder a path. */
	readonly caches: string;
	/** Work that was brought home from environments and is not in a repository: a folder each time. */
	readonly brought: string;
	/** What past runs cost, one line each. */
	readonly ledger: string;
	/** How long the steps of past runs took. */
	readonly stepTimes: string;
	/** What servers of editors were when they first came: one file an address. */
	readonly fetched: string;
	/** Catalogues of offers that were fetched: one file a backend. */
	readonly catalogue: string;
	/** The file that the user's `~/.ssh/config` includes. */
	readonly sshConfig: string;
	/** The user's `~/.ssh/config`. */
	readonly userSshConfig: string;
	/** Whether the system's `ssh` reads `userSshConfig` unasked: it looks in the account's home, whatever `$HOME` says. */
	readonly sshReadsUserConfig: boolean;
	/** In WSL: the person's folder of Windows, whose ssh and editors know nothing of the files above. */
	readonly windows?: WindowsProfile | undefined;
};

/** Resolves the paths from the environment: all below `DSTACK_TUI_HOME` when set, else the platform's usual folders. */
export function resolvePaths(environment: NodeJS.ProcessEnv = process.env): Paths {
	const home = environment['DSTACK_TUI_HOME'];
	const usual = envPaths('dstack-tui', {suffix: ''});
	const config = home ? path.resolve(home) : usual.config;
	const data = home ? path.resolve(home) : usual.data;
	return {
		config,
		secrets: path.join(config, 'secrets'),
		home: homedir(),
		runs: path.join(data, 'runs'),
		caches: path.join(data, 'caches'),
		brought: path.join(data, 'home'),
		ledger: path.join(data, 'ledger.jsonl'),
		stepTimes: path.join(data, 'step-times.json'),
		fetched: path.join(data, 'fetched'),
		catalogue: path.join(data, 'catalog'),
		sshConfig: path.join(data, 'ssh', 'config'),
		userSshConfig: path.join(homedir(), '.ssh', 'config'),
		sshReadsUserConfig: path.resolve(homedir()) === path.resolve(userInfo().homedir),
		windows: process.platform === 'linux' ? windowsProfile(environment) : undefined,
	};
}
