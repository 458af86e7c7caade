import {formatPrice} from '../offers/format.js';
import type {Core} from '../runs/core.js';
import {isUnheard, overdue} from '../runs/model/overdue.js';
import {isTrouble, type Orphan, type Reconciled} from '../runs/model/reconciled.js';
import {isOver, type RunState} from '../runs/model/state.js';
import {haltedLine, overdueLine, guardSilentLine} from '../runs/words/overdue-words.js';
import type {Clock} from '../system/clock.js';
import {messageOf, Problem} from '../system/problem.js';
import {programName} from '../system/program-name.js';
import {neutraliseLine} from '../system/terminal-text.js';
import {confirm, type Output} from './io.js';
import {plural} from './words.js';

export type Ending = {
	/** Instances of this machine that are in no journal are ended without a question. */
	readonly yes: boolean;
	/** Run names and ids of instances that another machine with the same installation started: no others of its are ended. */
	readonly names: readonly string[];
};

/**
Compares the journals with the clouds once, ends what should have ended, and removes what is left over; for cron. Instances that are in no journal
are ended after a question, or with `yes`. Throws a `failed` problem where something could not be asked or ended.
*/
export async function reap(core: Core, clock: Clock, ending: Ending, output: Output): Promise<void> {
	const {runs, orphans, notes, looked} = await core.reconcile({everywhere: true});
	const now = clock.now();
	const alive = runs.filter(run => !isOver(run));
	const stuck = runs.filter(({phase}) => phase === 'stopping');
	for (const run of alive) {
		output.object({
			type: 'alive',
			run: run.name,
			phase: run.phase,
			instance: run.instanceId ?? null,
			deadline: run.deadline ?? null,
			overdue: overdue(now, run) ?? null,
			unheard: isUnheard(now, run),
			halted: run.halted ?? null,
		});
		const line = haltedLine(now, run) ?? overdueLine(now, run) ?? guardSilentLine(now, run);
		if (line !== undefined) {
			output.line(`${run.name}: ${line}`);
		}
	}

	for (const text of notes) {
		output.object({type: 'note', text});
		output.line(text);
	}

	const failed = [
		...stuck.map(stillThere),
		...(await endOrphans(core, orphans, ending, output)),
		...notes.filter(line => isTrouble(line) && !stuck.some(({name}) => line.startsWith(`${name} could not be ended`))),
	];
	output.line(
		`${plural(alive.length, 'environment')} alive${orphans.length > 0 ? `, ${plural(orphans.length, 'orphan')} found` : ''}.`,
	);
	reportChecked(looked, output);
	if (failed.length > 0) {
		throw new Problem('failed', 'Not everything could be checked or ended', {
			details: failed,
			next: `Run \`${programName} reap\` again when the cloud answers.`,
		});
	}
}

/** Where instances that no journal tells of were looked for, and where not: nothing found is not nothing there. */
function reportChecked(looked: Reconciled['looked'], output: Output): void {
	const places = looked.flatMap(({backend, regions, unasked}) => {
		const [first, ...others] = regions;
		const where = first === undefined ? '' : ` in ${others.length === 0 ? first : plural(regions.length, 'region')}`;
		return first === undefined && unasked.length > 0 ? [] : [`${backend}${where}`];
	});
	output.line(`Looked for leftovers: ${places.join(', ') || 'nowhere'}.`);

	for (const {backend, regions, unasked} of looked) {
		output.object({type: 'looked', backend, regions, unasked});
		for (const line of unasked) {
			output.line(`Not asked: ${backend}: ${line}`);
		}
	}
}

const stillThere = ({name, stopFailure}: RunState): string =>
	`${name} could not be ended: ${stopFailure?.message ?? 'another program is at it'}${stopFailure?.command === undefined ? '' : `. By hand: ${stopFailure.command}`}`;

/** Lines about those that are still there. */
async function endOrphans(core: Core, orphans: readonly Orphan[], {yes, names}: Ending, output: Output): Promise<string[]> {
	const left: string[] = [];
	for (const orphan of orphans) {
		const {id, run, offer} = orphan.instance;
		const known = orphan.saidGone ? 'which its journal calls gone, and the cloud alive' : 'which no journal here tells of';
		const isNamed = names.includes(run) || names.includes(id);
		const machine = orphan.elsewhere === undefined ? '' : `, started on ${neutraliseLine(orphan.elsewhere)}, another machine`;
		const words = `${run}: ${orphan.backend} ${id}${offer === undefined ? '' : ` (${offer.instanceType} in ${offer.region})`}, ${known}${machine}`;
		output.line(words);
		if (orphan.elsewhere !== undefined && !isNamed) {
			output.line(`It is left to that machine; \`${programName} reap ${id}\` ends it from here.`);
			output.object({type: 'orphan', run, instance: id, ended: false, machine: orphan.elsewhere});
			continue;
		}

		try {
			if (!yes && !(await confirm({question: `End ${id}?`, next: 'Add -y to end it without a question.'}))) {
				output.object({type: 'orphan', run, instance: id, ended: false});
				continue;
			}

			await core.endOrphan(orphan);
			output.object({type: 'orphan', run, instance: id, ended: true});
			output.line(`${id} was ended.`);
		} catch (error) {
			output.object({type: 'orphan', run, instance: id, ended: false, message: messageOf(error)});
			left.push(`${words}: ${messageOf(error)}`);
		}
	}

	return left;
}

/** What past runs cost, the newest first, and all together; US dollars without disk, traffic and addresses. */
export async function printLedger(core: Core, output: Output): Promise<void> {
	const {table} = await import('./io.js');
	const {dateTime} = await import('../runs/words/event-words.js');
	const entries = await core.ledger();
	for (const entry of entries) {
		output.object({type: 'run', ...entry});
	}

	const total = entries.reduce((sum, {cost}) => sum + cost, 0);
	output.object({type: 'total', cost: total, runs: entries.length});
	if (entries.length === 0) {
		output.line('No run that costs money has ended yet.');
		return;
	}

	const rows = entries.map(({run, endedAt, instances, cost, reason}) => [
		run,
		dateTime(endedAt),
		instances.map(({backend, instanceType, spot}) => `${backend} ${instanceType}${spot ? ' spot' : ''}`).join(', ') || '-',
		formatPrice(cost),
		reason,
	]);
	for (const line of table([['RUN', 'ENDED', 'INSTANCES', 'COST', 'HOW'], ...rows])) {
		output.line(line);
	}

	output.line();
	output.line(
		`${formatPrice(total)} for ${plural(entries.length, 'run')}, from the launch times; without disk, traffic and addresses.`,
	);
}
