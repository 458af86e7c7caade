import {formatDuration, formatPrice} from '../offers/format.js';
import type {Engine} from '../runs/engine.js';
import type {RunState} from '../runs/state.js';
import type {Clock} from '../system/clock.js';
import {type Output, table} from './io.js';
import {connectedObject} from './words.js';

/** Lists environments, checked against their backends. */
export async function listRuns(engine: Engine, clock: Clock, all: boolean, output: Output): Promise<void> {
	const runs = await engine.runs({all});
	for (const state of runs) {
		output.object(describe(engine, state));
	}

	if (runs.length === 0) {
		output.line('No environments. `dstack-tui run` starts one.');
		return;
	}

	const rows = runs.map(state => [
		state.name,
		state.specification.configurationLabel,
		`${state.offer.backend} (${state.offer.instanceType})`,
		phaseWords(state),
		formatDuration(Math.round((clock.now() - state.intendedAt) / 1000)),
		state.deadline === undefined ? '-' : formatDuration(Math.max(0, Math.round((state.deadline - clock.now()) / 1000))),
		`${formatPrice(state.offer.price)}/h`,
	]);
	for (const line of table([['RUN', 'CONFIGURATION', 'BACKEND', 'STATUS', 'AGE', 'ENDS IN', 'PRICE'], ...rows])) {
		output.line(line);
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
	failure: state.failure ?? null,
});

function phaseWords({phase, reason, failure}: RunState): string {
	if (phase === 'failed' && failure) {
		return `failed in ${failure.step}`;
	}

	return (phase === 'ended' || phase === 'gone') && reason ? `${phase}: ${reason}` : phase;
}
