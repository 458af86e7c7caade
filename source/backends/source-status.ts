import {messageOf} from '../system/problem.js';
import {type BackendStatus, BackendError, type SourceSetup} from './backend.js';
import type {Setup} from './settings/index.js';

/** A setup as `backends` shows it: without its credentials. */
export const setupWords = <C>({credentials, origin, problems, warnings, next}: Setup<C>): SourceSetup => ({
	configured: credentials !== undefined || problems.length > 0,
	origin,
	problems,
	warnings,
	next: credentials === undefined && problems.length === 0 ? next : undefined,
});

/** The status of a source that cannot be asked as it is set up; undefined where it can. */
export function unusable<C>(backend: string, {credentials, origin, problems, next}: Setup<C>): BackendStatus | undefined {
	if (problems.length > 0) {
		return {backend, ready: false, notes: problems, origin, next: 'Mend it and try again.'};
	}

	return credentials === undefined
		? {backend, ready: false, notes: [`no credentials: ${next}`], noCredentials: true, next}
		: undefined;
}

/** The status that a failure stands for. Only the person's leaving is passed on. */
export function failedStatus(backend: string, origin: string | undefined, error: unknown, signal: AbortSignal): BackendStatus {
	signal.throwIfAborted();
	return {
		backend,
		ready: false,
		origin,
		notes: [messageOf(error)],
		next: error instanceof BackendError ? error.next : undefined,
	};
}
