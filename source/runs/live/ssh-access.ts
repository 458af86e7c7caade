import {stat} from 'node:fs/promises';
import path from 'node:path';
import {messageOf} from '../../system/problem.js';
import {aliasFile} from '../../tunnel/ssh-config/alias-file.js';
import {checkSsh, type SshQuestion, type SshVerdict} from '../../tunnel/ssh-config/check-alias.js';
import {layAliases} from '../link/aliases.js';
import type {RunContext} from '../context.js';
import type {AccessHealth} from '../model/run-handle.js';
import type {RunRecord} from '../journal/record.js';
import type {Tunnels} from '../link/tunnels.js';

/** Between two looks whether a config has changed. Milliseconds. */
const fileInterval = 30_000;
/** Between two checks that nothing gives cause for, while somebody sees what comes of them. */
const usualInterval = 600_000;
/** A link that comes and goes does not start one check after the other. */
const shortestInterval = 10_000;
/** For a login on a guarded machine, where a connection of more than five seconds is activity of the person's. */
const guardedLimit = 4000;
const usualLimit = 20_000;

const unknown: AccessHealth = {status: 'unknown', at: undefined, why: undefined, next: undefined};

/** What it needs of the run's tunnels. */
type Link = {readonly environment: {readonly health: {readonly status: Tunnels['environment']['health']['status']}}};

export type AccessOptions = {
	/** Ends it. */
	readonly signal: AbortSignal;
	readonly check?: (question: SshQuestion) => Promise<SshVerdict>;
};

/**
Knows whether the user's `ssh NAME` works: looks when the run is ready and its link is up, when the link is back after a loss, when
one of the config files changed, when asked, and now and then while somebody sees it. Never two looks at a time.
*/
export class AccessWatch {
	readonly #context: RunContext;
	readonly #record: RunRecord;
	readonly #tunnels: Link;
	readonly #signal: AbortSignal;
	readonly #check: NonNullable<AccessOptions['check']>;
	#health = unknown;
	#toldAt: number | undefined;
	#wasUp = false;
	#isDue = false;
	#isAsked = false;
	#isChecking = false;
	#isLaid = false;
	#watchers = 0;
	#files: string | undefined;

	constructor(context: RunContext, record: RunRecord, tunnels: Link, {signal, check = checkSsh}: AccessOptions) {
		this.#context = context;
		this.#record = record;
		this.#tunnels = tunnels;
		this.#signal = signal;
		this.#check = check;
		const stops = [
			record.subscribe(() => this.#follow()),
			context.clock.every(fileInterval, () => {
				void this.#lookAtFiles();
			}),
		];
		signal.addEventListener('abort', () => stops.forEach(stop => stop()), {once: true});
	}

	get health(): AccessHealth {
		return this.#health;
	}

	/** Somebody sees it from now on, until the returned function is called. */
	watch(): () => void {
		this.#watchers++;
		return () => {
			this.#watchers--;
		};
	}

	/** Looks now, or once more after the look that is under way. */
	check(): void {
		this.#isAsked = true;
		this.#start();
	}

	/** Follows the link: what was found out does not hold while it is lost, and is found out anew when it is back. */
	#follow(): void {
		const isUp = this.#isReady() && this.#tunnels.environment.health.status === 'up';
		if (isUp === this.#wasUp) {
			return;
		}

		this.#wasUp = isUp;
		if (isUp) {
			this.#isDue = true;
			this.#start();
		} else if (this.#health.status === 'works') {
			this.#tell(unknown);
		}
	}

	#isReady(): boolean {
		return this.#record.state?.phase === 'ready';
	}

	/** What shows whether a config has changed. */
	async #stamps(): Promise<string> {
		const {sshConfig, userSshConfig} = this.#context.paths;
		const places = [userSshConfig, sshConfig, path.join(this.#record.folder, aliasFile)];
		const stamps = await Promise.all(
			places.map(async file =>
				stat(file).then(
					({mtimeMs, size, ino}) => `${mtimeMs} ${size} ${ino}`,
					() => '',
				),
			),
		);
		return stamps.join('\n');
	}

	async #lookAtFiles(): Promise<void> {
		const files = await this.#stamps();
		const hasChanged = this.#files !== undefined && this.#files !== files;
		this.#files = files;
		const now = this.#context.clock.elapsed();
		const isOld = now - (this.#toldAt ?? now) >= usualInterval && this.#watchers > 0;
		this.#isDue ||= hasChanged || isOld;
		this.#start();
	}

	#start(): void {
		const isRested = this.#context.clock.elapsed() - (this.#toldAt ?? Number.NEGATIVE_INFINITY) >= shortestInterval;
		const isWanted = this.#isAsked || (this.#isDue && this.#wasUp && isRested);
		if (isWanted && this.#isReady() && !this.#isChecking && !this.#signal.aborted) {
			void this.#look();
		}
	}

	async #look(): Promise<void> {
		this.#isChecking = true;
		this.#isDue = false;
		this.#isAsked = false;
		this.#tell({...unknown, status: 'checking', at: this.#health.at});
		try {
			await this.#lay();
			// As they were before: what changes meanwhile is looked at once more.
			this.#files = await this.#stamps();
			this.#tell(this.#healthOf(await this.#ask()));
		} catch (error) {
			this.#record.note(`ssh ${this.#record.name} could not be checked: ${messageOf(error)}`);
			this.#tell({...unknown, at: this.#context.clock.now()});
		} finally {
			this.#isChecking = false;
			this.#start();
		}
	}

	/** Once in a program's life: who attaches may have lost them since, and the program before may have been an older one. */
	async #lay(): Promise<void> {
		if (this.#isLaid || !this.#record.owned) {
			return;
		}

		this.#isLaid = true;
		const trouble = await layAliases(this.#context.paths, this.#record.known, this.#record.folder);
		if (trouble) {
			this.#record.note(`${trouble.why} ${trouble.next}`);
		}
	}

	async #ask(): Promise<SshVerdict> {
		const {name, folder, known} = this.#record;
		return this.#check({
			paths: this.#context.paths,
			name,
			folder,
			limit: known.guarded ? guardedLimit : usualLimit,
			isPatient: !known.guarded,
			signal: this.#signal,
		});
	}

	#healthOf(verdict: SshVerdict): AccessHealth {
		const at = this.#context.clock.now();
		if (verdict.status === 'fails') {
			const {why, next} = verdict;
			return {status: 'fails', at, why, next};
		}

		// Where ssh had too little time, its settings are right, and our own link shows that the server takes the same key.
		const isUp = this.#tunnels.environment.health.status === 'up';
		return {...unknown, status: verdict.status === 'works' || isUp ? 'works' : 'unknown', at};
	}

	#tell(health: AccessHealth): void {
		if (!this.#signal.aborted) {
			// When the last look ended; nothing of that is left where what it found does not hold any more.
			this.#toldAt =
				health.at === undefined ? undefined : health.at === this.#health.at ? this.#toldAt : this.#context.clock.elapsed();
			this.#health = health;
			this.#record.changed();
		}
	}
}
