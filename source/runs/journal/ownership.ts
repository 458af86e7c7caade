import {stat} from 'node:fs/promises';
import type {Clock} from '../../system/clock.js';
import type {RunContext} from '../context.js';
import {readJournal} from './journal.js';
import path from 'node:path';
import {otherMachine} from '../../system/holder.js';
import {acquireLock, type Lock, lockSign, type LockSign, lockState} from '../../system/lock.js';

const ownerFile = (folder: string): string => path.join(folder, 'owner.json');

/** Whether a run's owner lives, died without letting go, or let go in order. One of another machine's is taken to live. */
export async function ownership(folder: string): Promise<'owned' | 'abandoned' | 'free'> {
	const state = await lockState(ownerFile(folder));
	return state === 'held' ? 'owned' : state;
}

/** What the machine is called on which another program looks after a run; undefined where that is this one, or nobody does. */
export async function ownerElsewhere(folder: string): Promise<string | undefined> {
	return elsewhereOf(await lockSign(ownerFile(folder)));
}

const elsewhereOf = async (sign: LockSign | undefined): Promise<string | undefined> =>
	sign && (await otherMachine(sign.holder))?.name;

/**
Takes a run for this process: one program at a time may change its journal. Undefined while another living one has it, other than the one
that shows the sign `over`; a dead owner's place is taken over.
*/
export const own = async (folder: string, over?: LockSign): Promise<Lock | undefined> =>
	acquireLock(ownerFile(folder), {over: over?.id});

/** Looks in a row at which an owner that shows nothing new is said not to answer, and at which its place is taken. */
const looks = {quiet: 10, silent: 30};
/** The same for one of another machine: what it writes comes late over a network, where it may be kept for a minute. */
const looksElsewhere = {quiet: 140, silent: 180};

/** Who looks after a run, as others name it. */
export type Owner = {
	readonly pid: number;
	/** What its machine is called, where that is another one. */
	readonly elsewhere: string | undefined;
};

export type OwnerLook = {
	readonly isQuiet: boolean;
	readonly owner: Owner | undefined;
	/** The sign of one whose place may be taken. */
	readonly silent: LockSign | undefined;
};

/**
Watches whether a run's owner still works. It counts its own looks, half a second apart, and asks no clock: when this machine, or this
program, has slept, or its clock was set, nobody is taken for silent because of that.
*/
export class OwnerWatch {
	readonly #file: string;
	#last: LockSign | undefined;
	#looks = 0;

	constructor(folder: string) {
		this.#file = ownerFile(folder);
	}

	/** To be called about twice a second. */
	async look(): Promise<OwnerLook> {
		const sign = await lockSign(this.#file);
		const isSame = sign !== undefined && sign.id === this.#last?.id && sign.beat === this.#last.beat;
		this.#looks = isSame ? this.#looks + 1 : 0;
		this.#last = sign;
		const elsewhere = await elsewhereOf(sign);
		const {quiet, silent} = elsewhere === undefined ? looks : looksElsewhere;
		return {
			isQuiet: this.#looks >= quiet,
			owner: sign && {pid: sign.holder.pid, elsewhere},
			silent: this.#looks >= silent ? sign : undefined,
		};
	}
}

/** When something was made or changed in a folder, by this machine's clock then. */
export const timeOf = async (folder: string): Promise<number | undefined> => (await stat(folder).catch(() => undefined))?.mtimeMs;

/** How long ago a moment was, milliseconds. Undefined where it seems to come yet: the clock was set back, and nobody knows. */
export function timeSince(clock: Clock, at: number | undefined): number | undefined {
	const age = clock.now() - (at ?? Number.NEGATIVE_INFINITY);
	return age < 0 ? undefined : age;
}

/** Whether nobody takes up or changes what lies in a run's folder for as long as that: where no clock tells how old it is, waiting does. */
export async function stays({clock}: RunContext, folder: string, milliseconds: number, signal?: AbortSignal): Promise<boolean> {
	const before = await timeOf(folder);
	const {whole} = await readJournal(folder);
	await clock.sleep(milliseconds, signal);
	return (
		before === (await timeOf(folder)) && whole === (await readJournal(folder)).whole && (await ownership(folder)) !== 'owned'
	);
}
