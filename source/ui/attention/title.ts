import type {LinkHealth} from '../../runs/model/run-handle.js';
import {isOver, type RunState} from '../../runs/model/state.js';
import {linkSign} from '../drawing/run-sign.js';
import {glyphs} from '../drawing/theme.js';

/** A run as far as the title depends on it. */
export type Titled = {readonly state: RunState; readonly health: Pick<LinkHealth, 'status'>};

/** How a run stands: its sign, and a few words. */
function standing({state, health}: Titled): {readonly sign: string; readonly words: string} {
	const {phase, failure, asking, waiting, notice, stopFailure, steps} = state;
	if (isOver(state)) {
		return {sign: glyphs.down, words: phase === 'ended' ? 'ended' : 'gone'};
	}

	if (phase === 'stopping') {
		return stopFailure ? {sign: glyphs.warning, words: 'NOT ENDED'} : {sign: glyphs.away, words: 'ending'};
	}

	if (phase === 'failed' || failure) {
		return {sign: glyphs.failed, words: failure ? `${failure.step} failed` : 'failed'};
	}

	if (phase === 'starting') {
		if (asking || waiting) {
			return {sign: glyphs.warning, words: asking ? 'asks you' : 'waits'};
		}

		const step = steps.findLast(({status}) => status === 'running');
		const share = step?.share === undefined ? '' : ` ${Math.floor(step.share * 100)} %`;
		return {sign: glyphs.into, words: step ? `${step.id}${share}` : 'starting'};
	}

	if (notice) {
		return {sign: glyphs.warning, words: 'taken back soon'};
	}

	return {sign: linkSign(health), words: linkWords[health.status]};
}

const linkWords = {up: 'connected', connecting: 'connecting', waiting: 'reconnecting', down: 'link lost'} as const;

/** What the terminal's title says: the state of the one environment, or of each how many are in it. */
export function titleOf(runs: readonly Titled[]): string {
	const [first, ...others] = runs;
	if (!first) {
		return 'dstack-tui';
	}

	if (others.length === 0) {
		const {sign, words} = standing(first);
		return `${first.state.name} ${sign} ${words}`;
	}

	const counts = new Map<string, number>();
	for (const run of runs) {
		const {sign} = standing(run);
		counts.set(sign, (counts.get(sign) ?? 0) + 1);
	}

	// What needs somebody comes first.
	const order = [glyphs.warning, glyphs.failed, glyphs.away, glyphs.into, glyphs.up, glyphs.down];
	const shown = [...counts].sort(([one], [other]) => order.indexOf(one) - order.indexOf(other));
	return `${runs.length} environments ${shown.map(([sign, count]) => `${sign} ${count}`).join(' ')}`;
}
