import {formatGpus, formatMemory, formatPrice} from '../../../offers/format.js';
import {formatAge, formatDuration} from '../../../system/format.js';
import {anyRegion} from '../../../offers/facts.js';
import {instanceKind} from '../../../offers/instance-kind.js';
import type {Offer} from '../../../offers/offer.js';
import {durationOf} from '../../../runs/model/default-duration.js';
import {spotWords} from '../../drawing/price-sparkline.js';
import {hasHistory} from '../../store/spot-history.js';
import type {AppState} from '../../store/state.js';
import {cut, fit, wrap} from '../../drawing/cells.js';
import {paint} from '../../drawing/theme.js';

type Current = {readonly offer: Offer; readonly row: number};

const deadlines = {
	provider: 'the provider ends it at the deadline',
	guest: 'it ends itself at the deadline, and the bill with it',
	none: 'nothing ends it when nobody is there: it goes on costing',
} as const;

/** US dollars until the deadline; undefined where there is none. */
function worstCase({request}: AppState, offer: Offer): {readonly seconds: number; readonly dollars: number} | undefined {
	const seconds = request && durationOf(request.requirements, offer.price);
	return seconds === undefined ? undefined : {seconds, dollars: (offer.price * seconds) / 3600};
}

function worstWords(state: AppState, offer: Offer): string {
	if (offer.price === 0) {
		return 'costs nothing';
	}

	const worst = worstCase(state, offer);
	const endless = `${formatPrice(offer.price * 24)} a day, ${formatPrice(offer.price * 730)} a month`;
	if (!worst) {
		return `${endless}, with no deadline`;
	}

	const within = `${formatPrice(worst.dollars)} until`;
	const after = formatDuration(worst.seconds);
	// What nothing ends costs so much only if the person is there.
	return offer.deadline === 'none'
		? `${within} you end it after ${after}; it does not end itself: ${endless}`
		: `at most ${within} it ends itself after ${after}`;
}

const quotaWords = ({quota}: Offer): string | undefined =>
	quota && `quota ${quota.limit} vCPU${quota.used === undefined ? '' : ` (${quota.used} used)`}`;

const ageWords = ({now}: AppState, {priceSource, priceDate, estimated}: Offer): string =>
	`${estimated ? 'estimated, ' : ''}${priceSource}, ${formatAge((now - priceDate) / 1000)} old`;

const isPlaceAsked = ({request}: AppState): boolean => request?.requirements.regions !== undefined;

const mostSummary = 6;

/** The offer under the cursor in a few lines. */
export function summaryRows(state: AppState, {offer, row}: Current): string[] {
	const {columns, listing} = state;
	const before = listing?.table.previousPrice(row);
	const isUsable = offer.availability === 'available' || offer.availability === 'unknown';
	const first = [
		`${offer.backend} ${offer.instanceType}`,
		offer.availability,
		offer.interruption === undefined ? undefined : `interrupted ${offer.interruption}`,
		quotaWords(offer),
		worstWords(state, offer),
	]
		.filter(Boolean)
		.join(' · ');
	const lines = (text: string, style: (line: string) => string) =>
		wrap(text, columns - 2).map((piece, index) => style(` ${index === 0 ? '' : ' '}${piece}`));
	return [
		...lines(first, line => (isUsable ? line : paint.warning(line))),
		...[
			...whyNot(state, offer),
			isPlaceAsked(state) ? placeWords(offer) : undefined,
			...offer.notes,
			`price: ${ageWords(state, offer)}${before === undefined ? '' : ` · ${formatPrice(before)}/h before the last refresh`}`,
		]
			.filter(note => note !== undefined)
			.flatMap(note => lines(note, paint.muted)),
	].slice(0, mostSummary);
}

/** What stands between the person and an offer that is only compared. */
function whyNot({listing}: AppState, {availability, backend}: Offer): string[] {
	if (availability !== 'no credentials') {
		return [];
	}

	const entry = listing?.backends.find(each => each.backend === backend);
	return [entry?.next ?? entry?.notes[0] ?? `set up ${backend} to use it`];
}

/** What an offer without a region leaves open. */
const placeWords = ({region, availability}: Offer): string | undefined =>
	region === anyRegion && availability !== 'unavailable'
		? 'one price for all regions; not told which of them have it'
		: undefined;

/** What it is, where that is no machine. */
function kindWords(offer: Offer): string | undefined {
	const kind = instanceKind(offer);
	return kind === 'machine' ? undefined : `a ${kind}`;
}

/** Undefined where nobody tells. */
function pastWords(state: AppState, current: Current): string | undefined {
	if (!hasHistory(state, current)) {
		return undefined;
	}

	const {history} = state;
	if (history?.id !== current.offer.id) {
		return 'asking';
	}

	return 'told' in history ? spotWords(history.told) : `not known: ${history.problem}`;
}

const mostDrawer = 11;

/** Everything that is known of the offer under the cursor. */
export function drawerRows(state: AppState, {offer, row}: Current): string[] {
	const {columns, listing} = state;
	const previous = listing?.table.previousPrice(row);
	const gpuCount = offer.gpus.reduce((sum, {count}) => sum + count, 0);
	const facts: ReadonlyArray<readonly [string, string | undefined]> = [
		['where', [offer.backend, offer.region, offer.zone, placeWords(offer), kindWords(offer)].filter(Boolean).join(' · ')],
		[
			'hardware',
			[
				`${offer.cpu} cores ${offer.architecture}`,
				`${formatMemory(offer.memory)} memory`,
				formatGpus(offer.gpus),
				offer.disk === undefined ? '' : `${formatMemory(offer.disk)} disk`,
			]
				.filter(Boolean)
				.join(' · '),
		],
		[
			'price',
			`${formatPrice(offer.price)}/h${gpuCount > 0 ? ` · ${formatPrice(offer.price / gpuCount)} a GPU` : ''} · ${ageWords(state, offer)}`,
		],
		['before', previous === undefined ? undefined : `${formatPrice(previous)}/h`],
		['cost', worstWords(state, offer)],
		[
			'market',
			offer.spot
				? `spot: it can be interrupted${offer.interruption === undefined ? '' : `, ${offer.interruption} of its kind are in a month`}`
				: 'on-demand',
		],
		['spot 24 h', pastWords(state, {offer, row})],
		['availability', [offer.availability, quotaWords(offer), ...whyNot(state, offer)].filter(Boolean).join(' · ')],
		['ends itself', deadlines[offer.deadline]],
		...offer.notes.map(note => ['note', note] as const),
	];
	return [
		paint.strong(cut(` ${offer.instanceType}`, columns)),
		...facts
			.filter((fact): fact is readonly [string, string] => fact[1] !== undefined)
			.map(([label, text]) => `  ${paint.muted(fit(label, 13))} ${cut(text, columns - 17)}`),
	].slice(0, mostDrawer);
}
