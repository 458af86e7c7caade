import {self} from '../system/program-name.js';
import {formatDuration, formatPrice} from '../offers/format.js';
import type {Engine} from '../runs/engine.js';
import {isOver, type RunState} from '../runs/state.js';
import {keptLines, overWords} from '../runs/words.js';
import type {Clock} from '../system/clock.js';
import {type Output, table} from './io.js';
import {connectedObject} from './words.js';

/** Lists environments, checked against their backends. */
export async function listRuns(engine: Engine, clock: Clock, all: boolean, output: Output): Promise<void> {
	const runs = await engine.runs({all, note: output.note});
	for (const state of runs) {
		output.object(describe(engine, state));
	}

	if (runs.length === 0) {
		output.line(`No environments. \`${self} run\` starts one.`);
		return;
	}

	const rows = runs.map(state => [
		state.name,
		state.specification.configurationLabel,
		`${state.offer.backend} (${state.offer.instanceType})`,
		phaseWords(state),
		formatDuration(Math.round((clock.now() - state.intendedAt) / 1000)),
		state.deadline === undefined || isOver(state)
			? '-'
			: formatDuration(Math.max(0, Math.round((state.deadline - clock.now()) / 1000))),
		`${formatPrice(state.offer.price)}/h`,
	]);
	for (const line of table([['RUN', 'CONFIGURATION', 'BACKEND', 'STATUS', 'AGE', 'ENDS IN', 'PRICE'], ...rows])) {
		output.line(line);
	}

	for (const state of runs.filter(({kept}) => kept !== undefined)) {
		output.line();
		for (const line of [`${state.name} has ended.`, ...keptLines(state)]) {
			output.line(line);
		}
	}
}

const describe = (engine: Engine, state: RunState) => ({
	...connectedObject(engine, state),
	configuration: state.specification.configurationFile,
	folder: state.specification.folder,
	profile: state.specification.profile ?? null,
	offer: state.offer,
	intendedAt: state.intendedAt,
	endedAt: state.endedAt ?? null,
	reason: state.reason ?? null,
	kept: state.kept ?? null,
	failure: state.failure ?? null,
});

function phaseWords(run: RunState): string {
	const {phase, failure} = run;
	if (phase === 'failed' && failure) {
		return `failed in ${failure.step}`;
	}

	return isOver(run) ? overWords(run) : phase;
}
