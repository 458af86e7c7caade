import type {StepId} from '../../environment/step.js';
import {formatDuration} from '../../system/format.js';
import type {Offer} from '../../offers/offer.js';
import {comingSteps, plannedSteps, type Planned} from './coming-steps.js';
import type {RunState, StepState} from './state.js';
import {type StepPlace, stepKey, type StepTimes, usualTime} from './step-times.js';

/** What is done sooner needs no word. Milliseconds. */
const least = 1000;

const placeAt = ({backend, instanceType}: Offer, configuration: string): Omit<StepPlace, 'image' | 'isBuilt'> => ({
	backend,
	instanceType,
	configuration,
});

/** What the times of a run's steps depend on, as far as it is decided. */
export const placeOf = ({offer, specification, image}: RunState): StepPlace => ({
	...placeAt(offer, specification.configurationFile),
	image: image?.reference,
	isBuilt: image?.build?.due === false,
});

/** How long a step of a run usually takes, milliseconds; undefined where that is not known. */
export const usualTimeOf = (times: StepTimes, run: RunState, step: StepId): number | undefined =>
	usualTime(times, stepKey(step, placeOf(run)));

/** All together; undefined where one of them is not known, or there are none. */
function sum(times: ReadonlyArray<number | undefined>): number | undefined {
	let all = 0;
	for (const time of times) {
		if (time === undefined) {
			return undefined;
		}

		all += time;
	}

	return times.length === 0 ? undefined : all;
}

/** Until a run that is on its way is ready, milliseconds; undefined where that is not known, or it takes longer than it ever did. */
export function timeLeft(times: StepTimes, run: RunState, now: number): number | undefined {
	if (run.phase !== 'starting' || run.asking || run.waiting) {
		return undefined;
	}

	const running = run.steps.filter(({status}) => status === 'running').map(step => leftOf(times, run, step, now));
	const left = sum([...running, ...comingSteps(run).map(id => usualTimeOf(times, run, id))]);
	return left !== undefined && left >= least ? left : undefined;
}

function leftOf(times: StepTimes, run: RunState, {id, startedAt}: StepState, now: number): number | undefined {
	const usual = usualTimeOf(times, run, id);
	return usual === undefined ? undefined : Math.max(0, usual - Math.max(0, now - startedAt));
}

/** From its launch until what is planned is ready, seconds; undefined where that is not known. */
export function timeToReady(times: StepTimes, planned: Planned, configuration: string): number | undefined {
	const {offer, image} = planned;
	const place = {...placeAt(offer, configuration), image: image.image, isBuilt: image.decision === 'reuse'};
	const all = sum(plannedSteps(planned).map(step => usualTime(times, stepKey(step, place))));
	return all === undefined ? undefined : Math.round(all / 1000);
}

const roundTo = (value: number, unit: number): number => Math.round(value / unit) * unit;

/** A time that is only expected, milliseconds: `40s`, `1m20`, `12m`. Empty for what is over at once. */
export function aboutTime(time: number): string {
	const seconds = time / 1000;
	const unit = seconds < 20 ? 1 : seconds < 60 ? 5 : seconds < 600 ? 10 : 60;
	return time < least ? '' : formatDuration(roundTo(seconds, unit));
}

/** The same as people say it: `40s`, `3 min`, `1h20`. */
export const aboutMinutes = (time: number): string =>
	time < 57_500
		? formatDuration(Math.max(5, roundTo(time / 1000, 5)))
		: time < 57.5 * 60_000
			? `${Math.max(1, Math.round(time / 60_000))} min`
			: formatDuration(roundTo(time / 1000, 300));
