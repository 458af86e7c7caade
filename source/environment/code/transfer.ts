import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {formatBytes} from '../../system/format.js';
import {messageOf} from '../../system/problem.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import type {StepReport} from '../step.js';
import {FilesChanged} from './changed.js';
import {type Checkout, checkoutScript, findCheckout, trackedFiles} from './checkout.js';
import type {CodeManifest} from './collect.js';
import {withoutSecrets} from './metadata.js';
import {type Fetched, fetchOnInstance, findOrigin, joinHistory, packDifference, thinName, worthFetching} from './origin.js';
import {Progress} from './progress.js';
import {isPartial} from './repository.js';
import {type Sender, send} from './send.js';
import {changedSince, type History, isHistory, type Item, type Shipment} from './shipment.js';
import {finish, type RemoteState} from './remote-upload.js';
import {addEntries, emptyTree} from './tree.js';
import {cutUnits, packNote, type Unit} from './units.js';

/** What a copy goes by. */
export type TransferOptions = Pick<Sender, 'link' | 'context' | 'signal'> & {
	readonly onReport: (report: StepReport) => void;
	readonly fetch: boolean;
	readonly checkout: boolean | undefined;
};

type Transfer = TransferOptions & Sender;

/** Brings there what is not there yet, and puts it in its place. Returns a line that says how. `last` forgives a log that never rests. */
export async function transfer(
	way: TransferOptions,
	manifest: CodeManifest,
	shipment: Shipment,
	there: RemoteState,
	last: boolean,
): Promise<string> {
	const {history} = shipment;
	const items = await cleanItems(way, manifest, shipment);
	const totals = {bytes: manifest.bytes, files: manifest.files, history: history?.bytes ?? 0};
	const transfer: Transfer = {...way, there, progress: new Progress(way.onReport, totals)};
	const checkout = history ? await chooseCheckout(transfer, manifest, history, items) : undefined;
	const files = items.filter(item => item.kind === 'file' && !checkout?.items.has(item));
	const units = cutUnits(checkout ? files.map(lateAttributes) : files, 'f');
	const rest = items.filter(({kind}) => kind !== 'file');
	const notes = checkoutNotes(checkout);
	const fetching = history ? await startFetch(transfer, history) : undefined;
	let fetched = false;
	if (history && fetching) {
		const scratch = await mkdtemp(path.join(tmpdir(), 'dstack-tui-pack-'));
		// A fetch whose copy is given up has nobody else that would handle its failure.
		fetching.end.catch(() => undefined);
		try {
			await send(transfer, {units, classes: 'f', notes});
			const difference = await packMissing(transfer, history, await fetching.end, scratch);
			fetched = difference !== undefined;
			await send(transfer, {units: difference ?? cutUnits(history.items, 'h'), classes: 'ht', rest});
		} finally {
			await rm(scratch, {recursive: true, force: true});
		}
	} else {
		const objects = history ? cutUnits(history.items, 'h') : [];
		await send(transfer, {units: [...objects, ...units], classes: 'fht', notes, rest});
	}

	const changed = await changedSince([...items, ...(history?.items ?? [])]);
	// A log that somebody writes all the time is copied as it was when it was read. History has to be of one piece.
	if (changed.some(isHistory) || (changed.length > 0 && !last)) {
		throw new FilesChanged(changed);
	}

	const middle = history ? [...(fetched ? [joinHistory(history)] : []), ...(checkout ? [checkoutScript(history)] : [])] : [];
	await finish(way.link, middle.join('\n'), way.context, way.signal);
	const note = summary(manifest, transfer.progress.sent, fetched);
	transfer.progress.end(`${note}\n`);
	return note;
}

const summary = ({files, bytes}: CodeManifest, sent: number, fetched: boolean): string =>
	`${files.toLocaleString('en-US')} file${files === 1 ? '' : 's'}, ${formatBytes(bytes)}; ${formatBytes(sent)} sent${fetched ? ', history fetched from origin' : ''}`;

async function cleanItems(way: TransferOptions, {repository, kind}: CodeManifest, {items}: Shipment): Promise<Item[]> {
	const tracked = repository && !repository.bare ? await trackedFiles(repository) : undefined;
	const {items: clean, left} = await withoutSecrets(items, kind, name => tracked?.has(name.toString('latin1')) ?? false);
	if (left.length > 0) {
		way.onReport({log: `Credentials are left out of the copy of ${left.map(neutraliseLine).join('; ')}\n`});
	}

	return clean;
}

const lateAttributes = (item: Item): Item =>
	/(?:^|\/)\.gitattributes$/.test(item.name.toString('latin1')) ? {...item, late: true} : item;

const checkoutNotes = (checkout: Checkout | undefined): Buffer[] =>
	checkout
		? [
				packNote('checkout', checkout.index),
				packNote('checked-out', checkout.names),
				...[...checkout.modes].map(([mode, names]) => packNote(`modes/${mode.toString(8)}`, names)),
			]
		: [];

/** Bytes of files below which it does not matter how they go. */
const worthMaking = 4 * 1024 * 1024;

/**
The files that need not be sent, since git there can write them from history. Even where nothing is nearer than the machine, on its own
loopback, that takes no longer than sending them, and less of the processor on both sides together.
*/
async function chooseCheckout(
	transfer: Transfer,
	{repository}: CodeManifest,
	history: History,
	items: readonly Item[],
): Promise<Checkout | undefined> {
	const bytes = items.reduce((sum, {name, size}) => sum + (isHistory(name.toString('latin1')) ? 0 : size), 0);
	const wanted = transfer.checkout ?? bytes >= worthMaking;
	if (!wanted || !transfer.there.git || !repository || repository.bare || isPartial(history.folder)) {
		return undefined;
	}

	const checkout = await findCheckout(repository, history, items);
	if (checkout.items.size === 0) {
		return undefined;
	}

	transfer.progress.files(checkout.items.size, checkout.bytes);
	return checkout;
}

/** Has the machine get history by itself where it can and where that pays; says why not where one would expect it. */
async function startFetch(transfer: Transfer, history: History): Promise<{readonly end: Promise<Fetched>} | undefined> {
	const {there, link, context, signal, progress} = transfer;
	const begun = [...there.units].some(id => id.startsWith('h'));
	const origin = transfer.fetch && history.bytes >= worthFetching && !begun ? await findOrigin(history) : undefined;
	if (!origin) {
		return undefined;
	}

	if (!there.git) {
		transfer.onReport({log: 'There is no git there to fetch history with: all of it is sent\n'});
		return undefined;
	}

	if (there.fetched.length > 0 && origin.tips.every(tip => there.fetched.includes(tip))) {
		return {end: Promise.resolve({tips: origin.tips})};
	}

	const onProgress = (percent: number) => progress.historyTo((history.bytes * percent) / 100);
	return {end: fetchOnInstance(link, history, origin, context, onProgress, signal)};
}

/** What of history was not fetched, as units; undefined where all of it has to be sent. */
async function packMissing(transfer: Transfer, history: History, fetched: Fetched, scratch: string): Promise<Unit[] | undefined> {
	const everything = (reason: string) => {
		transfer.onReport({log: `History cannot be fetched there (${neutraliseLine(reason)}): all of it is sent\n`});
		return undefined;
	};

	if ('reason' in fetched) {
		return everything(fetched.reason);
	}

	try {
		const tree = emptyTree(scratch);
		if ((await packDifference(history, fetched.tips, path.join(scratch, thinName))) > 0) {
			await addEntries(tree, [Buffer.from(thinName)]);
		}

		transfer.progress.historyTo(history.bytes);
		return cutUnits(
			tree.entries.map(entry => ({...entry, modified: 0, root: scratch, source: entry.name})),
			't',
		);
	} catch (error) {
		return everything(messageOf(error));
	}
}
