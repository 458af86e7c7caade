import {formatPrice} from '../../offers/format.js';
import {formatDuration} from '../../system/format.js';
import {instanceKind} from '../../offers/instance-kind.js';
import type {InstanceKind, Offer} from '../../offers/offer.js';
import {programName} from '../../system/program-name.js';
import type {RunEvent} from '../model/events.js';
import {plannedPortsWords, portWords} from './port-words.js';
import type {Attempt, RunState, StepFailure} from '../model/state.js';

const two = (value: number): string => String(value).padStart(2, '0');

/** `2026-11-25 05:56`, in the person's own zone: the same everywhere, whatever their language. */
export function dateTime(at: number): string {
	const date = new Date(at);
	const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()].map(two).join('-');
	return `${day} ${[date.getHours(), date.getMinutes()].map(two).join(':')}`;
}

/** An event as a person reads it, a line for each thing that it says. */
export function eventLines(event: RunEvent, before?: Pick<RunState, 'steps'>): string[] {
	const ports = event.type === 'intended' ? plannedPortsWords(event.specification.ports) : undefined;
	return [eventWords(event, before), ports].filter(line => line !== undefined);
}

/** What it says first, one line; undefined for what a step list shows anyway. `before` is the run as it was then. */
function eventWords(event: RunEvent, before?: Pick<RunState, 'steps'>): string | undefined {
	switch (event.type) {
		case 'intended': {
			return `asked for ${event.specification.configurationLabel}`;
		}

		case 'requested': {
			const offer = event.offer as unknown as Offer | undefined;
			return offer ? `asked for ${offerWords(offer)}` : 'instance requested';
		}

		case 'asking': {
			const offer = event.offer as unknown as Offer;
			return `the next offer is dearer: ${offerWords(offer)}; agreed were ${formatPrice(event.agreedPrice)}/h`;
		}

		case 'agreed': {
			return `agreed to ${formatPrice(event.price)}/h`;
		}

		case 'waiting': {
			return `waits until ${dateTime(event.until)}, then tries all offers again: ${event.reason}`;
		}

		case 'instance-lost': {
			return `the instance is gone, another is looked for: ${event.reason}`;
		}

		case 'spot-notice': {
			return `the cloud will ${event.action} this spot instance at ${dateTime(event.time)}: save your work`;
		}

		case 'lease-lifted': {
			return 'the boot lease is lifted: only the deadline counts now';
		}

		case 'halted': {
			return `its machine is stopped, not ended, and its disk is billed: ${event.reason}`;
		}

		case 'start-requested': {
			return 'its cloud is asked to start its machine again';
		}

		case 'resumed': {
			return 'its machine runs again';
		}

		case 'guard-unheard': {
			return 'nothing has been heard of its guard: where the boot lease does not end it, this program does';
		}

		case 'host-key-replaced': {
			return 'its host key was replaced by one that no cloud has seen';
		}

		case 'stop-withdrawn': {
			return event.message;
		}

		case 'stop-failed': {
			return `could not be ended: ${event.message}${event.command === undefined ? '' : `. By hand: ${event.command}`}`;
		}

		case 'created': {
			return `instance ${event.instanceId} created, code goes to ${event.workspace}`;
		}

		case 'attempt-failed': {
			return `could not be provisioned (${event.errorClass}): ${event.message}${event.next ? ` ${event.next}` : ''}`;
		}

		case 'address': {
			return `address ${event.user}@${event.host}:${event.port}`;
		}

		case 'reachable': {
			return 'SSH answers';
		}

		case 'image-chosen': {
			return event.image === undefined
				? undefined
				: `image ${event.image}${event.why.length > 0 ? `: ${event.why.join('; ')}` : ''}`;
		}

		case 'opened': {
			return "the environment's SSH server answers";
		}

		case 'step-started': {
			return `${event.step}: ${event.title}`;
		}

		case 'step-progress': {
			return undefined;
		}

		case 'step-done': {
			const step = before?.steps.find(({id}) => id === event.step);
			const time = step ? ` after ${formatDuration((event.at - step.startedAt) / 1000)}` : '';
			return `${event.step}: ${event.warning ? 'warning' : 'done'}${time}${event.note ? `, ${event.note}` : ''}`;
		}

		case 'step-failed': {
			// Where the log's last line is the message, it has just been read.
			return event.lastLines.at(-1) === event.message ? `${event.step}: failed` : `${event.step}: failed, ${event.message}`;
		}

		case 'ready': {
			return 'ready';
		}

		case 'tunnel-up': {
			return 'tunnel up';
		}

		case 'tunnel-down': {
			return `tunnel down: ${event.reason}`;
		}

		case 'deadline-set': {
			return event.deadline === null ? 'no deadline' : `ends itself ${dateTime(event.deadline)}`;
		}

		case 'port-opened':
		case 'port-closed':
		case 'port-moved':
		case 'reverse-opened':
		case 'reverse-closed':
		case 'port-offered':
		case 'ports-known': {
			return portWords(event);
		}

		case 'interrupted': {
			return `interrupted: ${event.reason}`;
		}

		case 'stopping': {
			return `stopping: ${event.reason}`;
		}

		case 'gone': {
			return event.kept ? `ended: ${event.reason}; what it holds is kept until you stop it` : `gone: ${event.reason}`;
		}
	}
}

const kindNotes: Readonly<Record<InstanceKind, string>> = {
	machine: '',
	container: ', a container',
	process: ', a process without isolation',
};

/** An offer in a line of words: where, what, what kind where it is no machine, which market, and its price. */
export function offerWords(offer: Offer): string {
	const {backend, instanceType, region, zone, spot, price} = offer;
	const market = `${spot ? ', spot' : ''}${price > 0 ? `, ${formatPrice(price)}/h` : ''}`;
	return `${backend} ${instanceType} in ${zone ?? region}${kindNotes[instanceKind(offer)]}${market}`;
}

/** A refused attempt as one line. */
export const attemptLine = ({offer, errorClass, message}: Attempt): string => `${offerWords(offer)}: ${errorClass}: ${message}`;

/** What is said of a run that was let go of. */
export const goesOnWords = (name: string): string =>
	`${name} goes on. Come back: ${programName} attach ${name} · end it: ${programName} stop ${name}`;

/** How a run ended, in words; some reasons begin with the phase itself. */
export const overWords = ({phase, reason}: Pick<RunState, 'phase' | 'reason'>): string =>
	reason === undefined || reason === '' ? phase : reason.startsWith(phase) ? reason : `${phase}: ${reason}`;

/** Where what an ended run kept is found, how it is got, and how it is removed; empty where nothing was kept. One line each. */
export const keptLines = ({name, kept}: Pick<RunState, 'name' | 'kept'>): string[] =>
	kept === undefined
		? []
		: [
				`What it held is kept: ${kept.place}`,
				...(kept.command === undefined ? [] : [`Copy it out: ${kept.command}`]),
				`Remove it: ${programName} stop ${name}`,
			];

/** The last lines of a failed step without the one that its message repeats. */
export const linesBeside = ({message, lastLines}: Pick<StepFailure, 'message' | 'lastLines'>): readonly string[] =>
	lastLines.at(-1) === message ? lastLines.slice(0, -1) : lastLines;
