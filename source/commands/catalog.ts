import process from 'node:process';
import {suggest} from '../configuration/schema/suggest.js';
import {clouds as allClouds} from '../offers/feeds/clouds.js';
import type {CloudProgress} from '../offers/feeds/update.js';
import {feedUrls} from '../offers/feeds/feed.js';
import {loadSettings} from '../runs/settings/preferences.js';
import {refreshCatalogue} from '../offers/catalogue/update-catalogue.js';
import {systemClock} from '../system/clock.js';
import {resolvePaths} from '../system/paths.js';
import {Problem} from '../system/problem.js';
import type {FollowEnd} from './follow.js';
import type {Output} from './io.js';

const signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];
const mostReasons = 5;
/** With `--json`, how far a cloud is is reported no more often than this, milliseconds. */
const tellEvery = 1000;

/**
Fetches the published prices of all clouds, or of those that are named. Throws a `failed` problem when none could be had, and while
another update is under way. A signal ends it with the files as they are.
*/
export async function updateCatalog(names: readonly string[] | undefined, output: Output): Promise<FollowEnd> {
	const clouds = chosenClouds(names);
	const paths = resolvePaths();
	const {feeds} = await loadSettings(paths);
	const urls = feedUrls(feeds, process.env);
	const ending = new AbortController();
	const listeners = signals.map(signal => {
		const listener = () => ending.abort(signal);
		process.on(signal, listener);
		return {signal, listener};
	});
	try {
		const teller = new ProgressPrinter(output);
		const onProgress = (progress: CloudProgress) => {
			if (!ending.signal.aborted) {
				teller.print(progress);
			}
		};

		const results = await refreshCatalogue({folder: paths.catalogue, clouds, urls, signal: ending.signal, onProgress});
		summarise(results, output);
		return {};
	} catch (error) {
		if (ending.signal.aborted) {
			output.line('Interrupted: clouds that were done are kept, the others stay as they were.');
			return {signal: ending.signal.reason as NodeJS.Signals};
		}

		throw error;
	} finally {
		for (const {signal, listener} of listeners) {
			process.off(signal, listener);
		}
	}
}

function chosenClouds(names: readonly string[] | undefined): typeof allClouds {
	const known = allClouds.map(({backend}) => backend);
	const stranger = names?.find(name => !known.includes(name));
	if (stranger !== undefined) {
		const meant = suggest(stranger, known);
		throw new Problem('usage', `No prices of '${stranger}' are published`, {
			next: `${meant === undefined ? '' : `Did you mean ${meant}? `}Clouds: ${[...known].sort().join(', ')}.`,
		});
	}

	return names === undefined ? allClouds : allClouds.filter(({backend}) => names.includes(backend));
}

/** A line when a cloud ends; with `--json` also what is under way. */
class ProgressPrinter {
	readonly #output: Output;
	readonly #told = new Map<string, {readonly feed: string; readonly at: number}>();

	constructor(output: Output) {
		this.#output = output;
	}

	print(progress: CloudProgress): void {
		const {backend, feed, state} = progress;
		const last = this.#told.get(backend);
		const now = systemClock.now();
		if (state !== 'running' || last?.feed !== feed || now - last.at >= tellEvery) {
			this.#told.set(backend, {feed, at: now});
			this.#output.object(cloudObject(progress));
		}

		for (const line of cloudLines(progress)) {
			this.#output.line(line);
		}
	}
}

const cloudObject = ({backend, feed, state, rows, bytes, why, summary}: CloudProgress) => ({
	type: 'cloud',
	backend,
	feed,
	state,
	rows,
	bytes,
	...(why === undefined ? {} : {why}),
	...(summary === undefined ? {} : {leftOut: summary.leftOut, reasons: summary.reasons, notes: summary.notes}),
});

const count = (value: number): string => value.toLocaleString('en-US');
const some = (value: number, word: string): string => `${count(value)} ${word}${value === 1 ? '' : 's'}`;

function cloudLines({backend, feed, state, rows, why, summary}: CloudProgress): string[] {
	if (state === 'running') {
		return [];
	}

	if (state === 'failed') {
		return [`${backend}: failed: ${why ?? 'nobody said why'}. What was here stays.`];
	}

	const {leftOut = 0, reasons = [], notes = []} = summary ?? {};
	const left = leftOut > 0 ? `, ${some(leftOut, 'row')} left out` : '';
	const others = reasons.slice(mostReasons).reduce((sum, reason) => sum + reason.count, 0);
	return [
		state === 'unchanged' ? `${backend}: nothing new (${feed})` : `${backend}: ${some(rows, 'offer')}${left} (${feed})`,
		...reasons.slice(0, mostReasons).map(reason => `  ${count(reason.count)} × ${reason.reason}, such as ${reason.example}`),
		...(others > 0 ? [`  ${count(others)} × other reasons`] : []),
		...notes.map(note => `  ${note}`),
	];
}

function summarise(results: readonly CloudProgress[], output: Output): void {
	const having = (state: CloudProgress['state']) => results.filter(each => each.state === state);
	const [done, unchanged, failed] = [having('done'), having('unchanged'), having('failed')];
	const rows = done.reduce((sum, each) => sum + each.rows, 0);
	output.object({
		type: 'summary',
		refreshed: done.map(({backend}) => backend),
		unchanged: unchanged.map(({backend}) => backend),
		failed: failed.map(({backend}) => backend),
		rows,
	});
	if (failed.length === results.length) {
		throw new Problem('failed', 'No cloud could be refreshed; the catalogue stays as it was', {
			next: 'Is there a network, and does it lead to these hosts? `feeds` in the settings names mirrors.',
		});
	}

	output.line();
	output.line(
		`${done.length} of ${some(results.length, 'cloud')} refreshed with ${some(rows, 'offer')}, ${unchanged.length} had nothing new, ${failed.length} failed.`,
	);
}
