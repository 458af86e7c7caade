import {realpath} from 'node:fs/promises';
import path from 'node:path';
import {Problem} from '../../system/problem.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import type {Link} from '../../system/link.js';
import type {Repository} from '../code/repository.js';
import type {StepContext} from '../step.js';
import {localCommits, findLocalRepository} from './local-repository.js';
import {findUnits, packUnit, type Packed, type Unit} from './remote-units.js';

/** More than this is not brought home. Bytes. */
export const homeLimit = 1024 ** 3;

/** The options of bringing home that decide what is loaded. */
export type LoadOptions = {
	/** Absolute folder that the code came from: the one that was chosen, below the top or it. */
	readonly source: string;
	/** What a check has reported before, line by line: all of it has to come. */
	readonly listed?: readonly string[];
	/** Bytes. @default `homeLimit` */
	readonly limit?: number;
	readonly signal?: AbortSignal;
};

export type Load = {
	readonly unit: Unit;
	readonly packed: Packed;
	readonly here: Repository | undefined;
	/** Whether the bundle builds on nothing, so that it can be checked without a repository. */
	readonly whole: boolean;
};

/** Something that was there a moment ago is not found again: somebody works there meanwhile. */
export class WorkMoved extends Problem {
	constructor(lines: readonly string[]) {
		super('failed', 'The work there changed while it was looked at', {
			details: lines.slice(0, 20),
			next: 'Try again when nothing works there.',
		});
	}
}

/** Finds out what there is to bring, before anything comes. Throws `WorkMoved` where something of `listed` is not found. */
export async function load(
	link: Link,
	context: StepContext,
	session: string,
	{source, listed = [], limit = homeLimit, signal}: LoadOptions,
): Promise<readonly Load[]> {
	const root = await rootOf(source, context.subfolder);
	const units = await findUnits(link, context, session, {signal});
	const loads: Load[] = [];
	const own = new Map<Unit, Repository>();
	const shared = new Map<string, Repository>();
	for (const unit of units) {
		const here = root === undefined || unit.outside ? undefined : await findLocalRepository(root, unit.place, context.trusted);
		if (here) {
			own.set(unit, here);
		}

		if (here && unit.common !== '' && !shared.has(unit.common)) {
			shared.set(unit.common, here);
		}
	}

	const seen = new Set<string>();
	for (const unit of units) {
		// A working tree beside another comes home to the same repository.
		const here = own.get(unit) ?? shared.get(unit.common);
		const found = await packFor(link, context, session, unit, here, {limit, signal});
		for (const line of found.packed.seen) {
			seen.add(unit.place.length === 0 ? line : neutraliseLine(`${unit.place.toString()}/${line}`));
		}

		if (found.packed.refs.length > 0 || found.packed.files > 0) {
			loads.push(found);
		}
	}

	const missed = listed.filter(line => !seen.has(line));
	if (missed.length > 0) {
		throw new WorkMoved(missed);
	}

	return loads;
}

async function packFor(
	link: Link,
	context: StepContext,
	session: string,
	unit: Unit,
	here: Repository | undefined,
	{limit, signal}: {readonly limit: number; readonly signal: AbortSignal | undefined},
): Promise<Load> {
	if (here && unit.common !== '') {
		const commits = await localCommits(here);
		const packed = await packUnit(link, context, session, unit, 'given', commits, {signal});
		// One that shares nothing is another repository, unless it has nothing yet.
		if (packed.known > 0 || commits.length === 0) {
			return {unit, packed, here, whole: commits.length === 0};
		}
	}

	const packed = await packUnit(link, context, session, unit, 'none', [], {signal});
	if ((packed.history ?? 0) <= limit) {
		return {unit, packed, here: undefined, whole: true};
	}

	return {unit, packed: await packUnit(link, context, session, unit, 'remotes', [], {signal}), here: undefined, whole: false};
}

/** The folder whose content the workspace is. Undefined when it is gone. */
async function rootOf(source: string, subfolder: string): Promise<string | undefined> {
	const folder = await realpath(source).catch(() => undefined);
	const up = subfolder.split('/').filter(Boolean);
	return folder === undefined ? undefined : path.resolve(folder, ...up.map(() => '..'));
}
