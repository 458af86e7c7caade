import type {StepState} from '../../../runs/model/state.js';
import type {AppState} from '../../store/state.js';
import {glyphs, paint} from '../../drawing/theme.js';

/** The sign of a state; the one of work moves with the beat. */
export function sign({beat}: AppState, status: StepState['status'] | 'waiting'): string {
	switch (status) {
		case 'running': {
			return glyphs.running[beat % glyphs.running.length] ?? '';
		}

		case 'done': {
			return paint.ok(glyphs.done);
		}

		case 'failed': {
			return paint.error(glyphs.failed);
		}

		case 'warning': {
			return paint.warning(glyphs.warning);
		}

		case 'waiting': {
			return paint.muted(glyphs.waiting);
		}
	}
}
