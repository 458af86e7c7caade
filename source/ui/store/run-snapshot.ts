import {isDeepStrictEqual} from 'node:util';
import type {Core} from '../../runs/core.js';
import type {LogSnapshot} from '../../runs/model/log-snapshot.js';
import type {GuestView, LinkHealth, RunHandle} from '../../runs/model/run-handle.js';
import type {RunState} from '../../runs/model/state.js';

/**
What is known of a run at one moment, as plain data. A part that has not changed is the same object as in the snapshot before, so that parts
are compared by identity.
*/
export type RunSnapshot = {
	readonly name: string;
	readonly state: RunState;
	readonly health: LinkHealth;
	/** Undefined while nothing was heard of a guard, or where there is none. */
	readonly guest: GuestView | undefined;
	readonly logs: LogSnapshot;
	/** The link that opens its IDE; undefined where its configuration names none, or the code is not there yet. */
	readonly ide: ReturnType<Core['ideLink']>;
	/** The command line for a shell in it. */
	readonly ssh: string;
};

type Links = Pick<Core, 'ideLink' | 'sshCommand'>;

export function snapshotOf(handle: RunHandle, links: Links, before?: RunSnapshot): RunSnapshot {
	const {name} = handle;
	const state = handle.state();
	const health = handle.health();
	return {
		name,
		state,
		health: before && isDeepStrictEqual(before.health, health) ? before.health : health,
		guest: handle.guest(),
		logs: handle.logs(),
		ide: before?.state === state ? before.ide : links.ideLink(state),
		ssh: links.sshCommand(name),
	};
}

/** The same run as it is now: the same object while nothing of it has changed. */
export function renewed<Run extends RunSnapshot>(run: Run, handle: RunHandle, links: Links): Run {
	const now = snapshotOf(handle, links, run);
	const isSame = (Object.keys(now) as Array<keyof RunSnapshot>).every(key => now[key] === run[key]);
	return isSame ? run : {...run, ...now};
}
