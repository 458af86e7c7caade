import type {LinkHealth, LogBook, RunHandle} from '../../runs/model/run-handle.js';
import {movedWords} from '../../runs/words/port-words.js';
import {isUnheard, overdue} from '../../runs/model/overdue.js';
import type {RunState} from '../../runs/model/state.js';
import {runSign} from '../drawing/run-sign.js';
import {endsSoon, triesWords} from '../drawing/static-times.js';
import {type AppState, openRuns} from './state.js';

/** What the screen must not show wrong of a run for longer than a moment. Traffic, round trips and time are no part of it. */
export type Matter = {
	readonly words: string;
	/** Whether the person's own ssh works, as it is shown. */
	readonly access: string;
	/** Milliseconds since the epoch. */
	readonly moments: readonly number[];
};

/** Moments that came by another machine's clock tremble by less, milliseconds. */
const tremble = 3000;

/** What matters of a run as the screen shows it: all of the one whose tab is open, of another one its sign. */
export function matterOf(state: AppState, handle: RunHandle, now: number): Matter {
	const run = openRuns(state).find(each => each.handle === handle);
	if (!run || state.run?.handle !== handle || state.screen !== 'run') {
		return {words: runSign(handle), access: '', moments: []};
	}

	const [current, health] = [handle.state(), handle.health()];
	const {connections, idleSince, ends} = handle.guest() ?? {connections: []};
	const {access} = health;
	return {
		words: JSON.stringify([
			ofRun(current),
			ofLink(health),
			ofPorts(health),
			connections.map(({from}) => from),
			ends?.why,
			endsSoon(now, current, handle.guest()),
			overdue(now, current)?.why,
			isUnheard(now, current),
			ofLogs(handle.logs(), current.phase !== 'ready' || run.showLogs),
		]),
		access: JSON.stringify([access.status, access.why, access.next]),
		moments: [current.deadline, ends?.at, idleSince, health.upSince, health.silentSince].map(at => at ?? 0),
	};
}

/** Whether what was drawn is not as things are. Who does not look need not see that a check is under way, only its outcome. */
export function isOutdated(drawn: Matter, current: Matter, unseen: Pick<LinkHealth, 'access'> | undefined): boolean {
	return (
		drawn.words !== current.words ||
		(drawn.access !== current.access && unseen?.access.status !== 'checking') ||
		current.moments.some((at, index) => Math.abs(at - (drawn.moments[index] ?? 0)) > tremble)
	);
}

const ofRun = ({
	phase,
	steps,
	failure,
	attempts,
	asking,
	waiting,
	notice,
	stopFailure,
	reason,
	ports,
	sharesNetwork,
}: RunState) => [
	phase,
	steps.map(({id, status, text}) => [id, status, text]),
	[failure, attempts.length, asking, waiting, notice, stopFailure, reason, ports, sharesNetwork],
];

const ofLink = (health: LinkHealth) => [
	health.status,
	health.status === 'up' ? health.reconnects : [health.reason, triesWords(health), health.silentSince === undefined],
];

const ofPorts = ({ports, reverse, offered}: LinkHealth) => [
	ports.map(port => [port.local, port.remote, port.problem, movedWords(port)]),
	reverse.map(({local, remote, bound, counted, problem}) => [local, remote, bound || counted === false, problem]),
	offered.map(({port, process}) => [port, process]),
];

/** Where lines of all panes are on the screen, each counts; else what happened last. */
const ofLogs = (logs: LogBook, areShown: boolean) => (areShown ? logs.version : logs.lines('events').at(-1));
