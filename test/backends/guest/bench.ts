import {execFile, spawn} from 'node:child_process';
import {existsSync} from 'node:fs';
import {chmod, mkdir, readFile, rm, writeFile} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {guardScript, type GuardSettings} from '../../../source/agents/machine/guard/index.js';
import {parseGuestStatus, type GuestStatus} from '../../../source/agents/machine/status.js';
import {hasCommand} from '../../support/program.js';

/** The shells that are `sh` on some machine; those that are not here are named once. */
export const shells: ReadonlyArray<readonly string[]> = [['dash'], ['bash', '--norc', '--posix'], ['busybox', 'sh']].filter(
	([name = '']) => {
		const isHere = hasCommand(name);
		if (!isHere) {
			console.warn(`the guest's guard: not tried in ${name}, which is missing`);
		}

		return isHere;
	},
);

export type Result = {readonly code: number; readonly out: string; readonly err: string};

/** A connection as the kernel's table has it, both addresses in its own hexadecimal. */
export type Row = {readonly local: string; readonly remote: string; readonly state?: string};

const programs = {
	systemctl: '#!/bin/sh\necho "$@" >>"$DSTACK_TUI_TOP/asked"\n',
	sync: '#!/bin/sh\n',
};

// As functions: some shells have `date` and `sleep` within them. Whole dates are the real one's business.
const turned = 'date() { if [ "$*" = +%s ]; then cat "$DSTACK_TUI_TOP/wall"; else /bin/date "$@"; fi; }';
const hurried = 'sleep() { wait; }';

/**
The guard in a folder instead of a machine: true time, the clock, boots and connections are the test's. `sleep` only lets what
runs beside it come to its end, but for `follow`.
*/
export class Bench {
	/** Seconds since the machine was made; only moves by `pass`. */
	time = 0;
	/** The clock minus true time. */
	error = 1_800_000_000;
	#bootedAt = 0;
	#boots = 0;
	readonly top: string;
	readonly #shell: readonly string[];
	readonly #settings: GuardSettings;

	constructor(top: string, shell: readonly string[], settings: Partial<GuardSettings> = {}) {
		this.top = top;
		this.#shell = shell;
		this.#settings = {duration: 3600, lease: 1800, inactivity: undefined, metadata: undefined, ...settings};
	}

	get now(): number {
		return this.error + this.time;
	}

	file(name: string): string {
		return path.join(this.top, name);
	}

	async read(name: string): Promise<string | undefined> {
		return existsSync(this.file(name)) ? readFile(this.file(name), 'utf8') : undefined;
	}

	async write(name: string, text: string | Buffer): Promise<void> {
		await mkdir(path.dirname(this.file(name)), {recursive: true});
		await writeFile(this.file(name), text);
	}

	async remove(name: string): Promise<void> {
		await rm(this.file(name), {recursive: true, force: true});
	}

	/** Shell functions before the guard's own text: what the machine has, or lacks. */
	prelude = '';

	/** The first boot, or the next: as a reboot does, it empties /run and starts the uptime anew. */
	async boot(down = 0, instance = 'i-1'): Promise<void> {
		this.time += down;
		this.#bootedAt = this.time;
		this.#boots++;
		await this.remove('run');
		await this.write('guard', guardScript(this.#settings));
		await this.write('proc/sys/kernel/random/boot_id', `00000000-0000-4000-8000-${String(this.#boots).padStart(12, '0')}\n`);
		await this.connect([]);
		for (const [name, text] of Object.entries(programs)) {
			await this.write(`bin/${name}`, text);
			await chmod(this.file(`bin/${name}`), 0o755);
		}

		await this.run('begin', instance);
	}

	pass(seconds: number): void {
		this.time += seconds;
	}

	async connect(rows: readonly Row[], version: '' | '6' = ''): Promise<void> {
		const header = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
		const lines = rows.map(
			({local, remote, state = '01'}, index) => `   ${index}: ${local} ${remote} ${state} 00000000:00000000 00:00000000 0 0 0 1`,
		);
		await this.write(`proc/net/tcp${version}`, `${header}${lines.map(line => `${line}\n`).join('')}`);
	}

	/** What runs the guard: command, arguments and environment. */
	async command(...verb: readonly string[]): Promise<[string, string[], {env: Record<string, string>}]> {
		await this.write('wall', `${this.now}\n`);
		await this.write('proc/uptime', `${(this.time - this.#bootedAt).toFixed(2)} 1.00\n`);
		const [shell = '', ...options] = this.#shell;
		const env = {DSTACK_TUI_TOP: this.top, PATH: `${this.file('bin')}:${process.env['PATH']}`};
		const script = [turned, ...(verb[0] === 'follow' ? [] : [hurried]), this.prelude, '. "$0"'].join('\n');
		return [shell, [...options, '-c', script, this.file('guard'), ...verb], {env}];
	}

	async run(...verb: readonly string[]): Promise<Result> {
		return this.runIn({}, ...verb);
	}

	async runIn(environment: Readonly<Record<string, string>>, ...verb: readonly string[]): Promise<Result> {
		const [file, args, {env}] = await this.command(...verb);
		return new Promise(resolve => {
			execFile(file, args, {env: {...env, ...environment}, encoding: 'utf8'}, (error, out, err) => {
				resolve({code: error ? Number(error.code) : 0, out, err});
			});
		});
	}

	/** The guard's `follow`, with the real `sleep`. */
	async follow() {
		const [file, args, {env}] = await this.command('follow');
		return spawn(file, args, {env, stdio: ['pipe', 'pipe', 'inherit']});
	}

	async status(): Promise<GuestStatus> {
		const {out, err} = await this.run('status');
		const status = parseGuestStatus(out);
		if (!status || err !== '') {
			throw new Error(`no status: ${out} ${err}`);
		}

		return status;
	}

	/** Whether a check of the timer's ends the machine now; if so, how it said it. */
	async isOver(): Promise<string | undefined> {
		const {err} = await this.run('check');
		if (err !== '') {
			throw new Error(err);
		}

		return this.read('asked');
	}
}
