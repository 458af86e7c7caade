import type {StepId} from '../../environment/step.js';
import {formatBytes} from '../../system/format.js';
import type {RunEvent} from '../model/events.js';

/** The ends of those steps that are not under way again: what their logs hold came before. */
export function lastEnds(events: readonly RunEvent[]): Map<RunEvent, StepId> {
	const last = new Map<StepId, RunEvent | undefined>();
	for (const event of events) {
		if (event.type === 'step-started') {
			last.set(event.step, undefined);
		} else if (event.type === 'step-done' || event.type === 'step-failed') {
			last.set(event.step, event);
		}
	}

	return new Map([...last].flatMap(([step, event]) => (event ? [[event, step] as const] : [])));
}

/** Progress of a step as a line. */
export function progressText(
	text: string | undefined,
	done: number | undefined,
	total: number | undefined,
	unit: 'bytes' | undefined,
): string {
	if (done === undefined) {
		return text ?? '';
	}

	const show = (value: number) => (unit === 'bytes' ? formatBytes(value) : String(value));
	const share = total ? `${Math.floor((done / total) * 100)} %, ${show(done)} of ${show(total)}` : show(done);
	// Where not all of it can be read, the figures can.
	return text ? `${share} · ${text}` : share;
}
