import type {Offer} from '../offers/offer.js';
import {messageOf} from '../system/problem.js';
import {
	absolutePath,
	admitValue,
	hostAddress,
	identifier,
	type Kind,
	loginName,
	moment,
	placeName,
	plainLine,
	portNumber,
	readValue,
	runName,
	quotedValue,
	typeName,
} from '../system/values.js';
import {isAmount, isOffer, line, lines, withGoodNotes} from './told.js';
import {type Backend, BackendError, type Instance, type LaunchProgress, type OfferSource, type SpotMarket} from './backend.js';

/** What an instance is called whose tag tells of no run that could be. */
const unnamed = 'unnamed';

const lineIfAny = (text: unknown): string | undefined => (text === undefined ? undefined : line(text));

/** Whose answer it was, for the reasons; and what could not be taken over from it. */
class Reader {
	readonly refused: string[] = [];

	/** The value, or undefined where it is not of that kind: then the reason is kept. Nothing at all is no reason. */
	read<T>(kind: Kind<T>, value: unknown, what: string): T | undefined {
		if (value !== undefined && value !== '' && !kind.is(value)) {
			this.refused.push(`its ${what} is refused: ${quotedValue(value)} is no ${kind.name}`);
		}

		return readValue(kind, value);
	}
}

/**
An instance as a backend told of it, each field read as what it has to be. What its end hangs on (its id), and the places that scripts
name, must be right, or a `transient` error is thrown: whether there is an instance is not known then. Everything else that is wrong is left
out, so that it can still be ended, with the reasons in `refused`.
*/
export function checkedInstance(backend: string, told: Instance): Instance {
	const reader = new Reader();
	const {endpoint, offer, kept} = told;
	const place = (value: unknown, what: string) => must(backend, absolutePath, value, what);
	const host = endpoint && reader.read(hostAddress, endpoint.host, 'address');
	const port = endpoint && reader.read(portNumber, endpoint.port, 'port');
	const user = endpoint && reader.read(loginName, endpoint.user, 'login name');
	const region = offer && reader.read(placeName, offer.region, 'region');
	const instanceType = offer && reader.read(typeName, offer.instanceType, 'instance type');
	const deadline = reader.read(moment, told.deadline, 'deadline');
	const checked = {
		...told,
		id: must(backend, identifier, told.id, 'id of an instance'),
		intentId: reader.read(identifier, told.intentId, 'token') ?? '',
		run: reader.read(runName, told.run, "run's name") ?? unnamed,
		state: states.has(told.state) ? told.state : 'pending',
		sharesNetwork: told.sharesNetwork === true,
		interrupted: told.interrupted === undefined ? undefined : told.interrupted === true,
		replaceHostKey: told.replaceHostKey === undefined ? undefined : told.replaceHostKey === true,
		leftWork: told.leftWork === undefined ? undefined : told.leftWork !== false,
		machine: told.machine && {id: line(told.machine.id), name: line(told.machine.name)},
		account: told.account && {id: line(told.account.id), label: line(told.account.label)},
		endpoint: host !== undefined && port !== undefined && user !== undefined ? {host, port, user} : undefined,
		workspace: place(told.workspace, 'folder of the code'),
		stateFolder: place(told.stateFolder, 'folder for steps'),
		launchedAt: reader.read(moment, told.launchedAt, 'start') ?? 0,
		offer: region !== undefined && instanceType !== undefined ? {region, instanceType, spot: offer?.spot === true} : undefined,
		deadline,
		reason: lineIfAny(told.reason),
		next: told.next === undefined ? undefined : lines(told.next),
		kept:
			kept && plainLine.is(kept.command ?? '') && (plainLine.is(kept.place) || absolutePath.is(kept.place)) ? kept : undefined,
	};
	const refused = [...new Set([...(told.refused ?? []).map(line), ...reader.refused])];
	return withoutNothing({...checked, refused: refused.length > 0 ? refused : undefined}, optional);
}

const states: ReadonlySet<unknown> = new Set<Instance['state']>(['pending', 'running', 'stopped', 'ending', 'terminated']);
const optional = [
	...([
		'offer',
		'deadline',
		'reason',
		'next',
		'kept',
		'refused',
		'interrupted',
		'replaceHostKey',
		'leftWork',
		'machine',
		'account',
	] as const),
];

/** Where a field may be missing, it is rather that than undefined. */
function withoutNothing<T extends object>(value: T, keys: readonly (keyof T)[]): Instance & T {
	const copy = {...value};
	for (const key of keys) {
		if (copy[key] === undefined) {
			delete copy[key];
		}
	}

	return copy as Instance & T;
}

function must<T>(backend: string, kind: Kind<T>, value: unknown, what: string): T {
	try {
		return admitValue(kind, value, `${backend}'s ${what}`);
	} catch (error) {
		throw new BackendError('transient', messageOf(error), {
			next: 'Whoever answers there is not what this program knows: look at the endpoint in the settings, and at the console of the cloud.',
			cause: error,
		});
	}
}

/** A failure with words that can be drawn. */
export function checkedError(error: unknown): unknown {
	if (!(error instanceof BackendError)) {
		return error;
	}

	const {message, next, zones} = error;
	const good = zones.filter(zone => placeName.is(zone));
	const said = {message: line(message), next: next === undefined ? undefined : lines(next)};
	return said.message === message && said.next === next && good.length === zones.length
		? error
		: new BackendError(error.class, said.message, {next: said.next, zones: good, cause: error.cause});
}

const checkedProgress = (progress: LaunchProgress): LaunchProgress => ({
	...progress,
	text: line(progress.text),
	...(progress.log === undefined ? {} : {log: lines(progress.log)}),
});

/** The names of an offer that is to be launched, or looked for: they become parts of addresses and of commands. Throws a `configuration` error. */
function checkNames({region, zone, instanceType}: Offer): void {
	try {
		admitValue(placeName, region, 'the region of the offer');
		admitValue(placeName, zone ?? region, 'the zone of the offer');
		admitValue(typeName, instanceType, 'the instance type of the offer');
	} catch (error) {
		throw new BackendError('configuration', messageOf(error), {next: 'Choose another offer.', cause: error});
	}
}

/** A source whose offers, notes and failures are checked before anybody hears of them. */
export function checkedSource<S extends OfferSource>(source: S): S {
	const {name, priceHistory} = source;
	return {
		...source,
		...(priceHistory && {
			priceHistory: async (market: SpotMarket, signal: AbortSignal) =>
				answered(async () => {
					const {points, ...span} = await priceHistory(market, signal);
					return {...span, points: points.filter(({at, price}) => moment.is(at) && isAmount(price))};
				}),
		}),
		status: async signal =>
			answered(async () => {
				const status = await source.status(signal);
				return {
					...status,
					notes: status.notes.map(line),
					...(status.next === undefined ? {} : {next: lines(status.next)}),
					...(status.missing === undefined ? {} : {missing: status.missing.map(line)}),
				};
			}),
		async *offers(requirements, signal, note) {
			let odd = 0;
			try {
				for await (const offers of source.offers(requirements, signal, said => note?.(line(said)))) {
					const good = offers.filter(offer => isOffer(name, offer));
					odd += offers.length - good.length;
					yield good.map(withGoodNotes);
				}
			} catch (error) {
				throw checkedError(error);
			}

			if (odd > 0) {
				note?.(`${odd} of the offers of ${name} are left out: what they say cannot be`);
			}
		},
	};
}

async function answered<T>(act: () => Promise<T>): Promise<T> {
	try {
		return await act();
	} catch (error) {
		throw checkedError(error);
	}
}

/**
A backend with every answer checked on its way in, and the names that it is given on their way out: nothing that a cloud or an engine says
reaches the program in another way.
*/
export function checkedBackend<B extends Backend>(backend: B): B {
	const {name} = backend;
	const one = async (act: () => Promise<Instance>) => answered(async () => checkedInstance(name, await act()));
	const oneIfAny = async (act: () => Promise<Instance | undefined>) =>
		answered(async () => {
			const instance = await act();
			return instance && checkedInstance(name, instance);
		});
	const checked = (hear: (progress: LaunchProgress) => void) => (progress: LaunchProgress) => hear(checkedProgress(progress));
	const told = async (act: () => Promise<readonly string[]>) => answered(async () => (await act()).map(line));
	const {check, start, quieten, copyOut, inside, commit, release, admit, sweep, regions, account} = backend;
	return {
		...checkedSource(backend),
		async launch(intent, signal, onProgress) {
			checkNames(intent.offer);
			return one(async () => backend.launch(intent, signal, checked(onProgress)));
		},
		async find(intentId, offer, account, signal) {
			checkNames(offer);
			return oneIfAny(async () => backend.find(intentId, offer, account, signal));
		},
		describe: async (id, account, signal) => oneIfAny(async () => backend.describe(id, account, signal)),
		terminate: async (id, account, signal) => answered(async () => backend.terminate(id, account, signal)),
		list: async (installation, regions, unanswered, signal) =>
			answered(async () => {
				const listed = await backend.list(
					installation,
					regions,
					unanswered && ((region, error) => unanswered(line(region), checkedError(error) as BackendError)),
					signal,
				);
				return checkedList(name, listed, unanswered);
			}),
		...(start && {
			start: (async (id, account, signal, hear) =>
				one(async () => start(id, account, signal, checked(hear)))) satisfies Backend['start'],
		}),
		...(check && {
			check: async (offer: Offer, signal: AbortSignal) => {
				checkNames(offer);
				return told(async () => check(offer, signal));
			},
		}),
		...(admit && {admit: async (id: string, signal: AbortSignal) => told(async () => admit(id, signal))}),
		...(sweep && {
			sweep: async (installation: string, regions: readonly string[]) => told(async () => sweep(installation, regions)),
		}),
		...(account && {
			account: async (offer: Offer, signal: AbortSignal) =>
				answered(async () => {
					const found = await account(offer, signal);
					return found && {id: line(found.id), label: line(found.label)};
				}),
		}),
		...(regions && {
			regions: async (signal: AbortSignal) =>
				answered(async () => {
					const {named, names, unasked} = await regions(signal);
					return {
						named: named.filter(name => placeName.is(name)),
						names: names.filter(name => placeName.is(name)),
						unasked: unasked.map(line),
					};
				}),
		}),
		...(quieten && {quieten: async (id: string) => answered(async () => quieten(id))}),
		...(copyOut && {copyOut: async (id: string, folder: string) => answered(async () => copyOut(id, folder))}),
		...(inside && {inside: async (id: string, signal: AbortSignal) => answered(async () => inside(id, signal))}),
		...(commit && {
			commit: (async (id, wish, signal, hear) =>
				answered(async () => commit(id, wish, signal, checked(hear)))) satisfies Backend['commit'],
		}),
		...(release && {
			release: (async (id, signal, onProgress) =>
				one(async () => release(id, signal, onProgress && checked(onProgress)))) satisfies NonNullable<Backend['release']>,
		}),
	};
}

/** One that cannot be named hides none of the others, and is not passed over in silence. */
function checkedList(name: string, listed: readonly Instance[], unanswered: Parameters<Backend['list']>[2]): Instance[] {
	const good: Instance[] = [];
	for (const each of listed) {
		try {
			good.push(checkedInstance(name, each));
		} catch (error) {
			if (!(error instanceof BackendError) || !unanswered) {
				throw error;
			}

			unanswered(readValue(placeName, each.offer?.region) ?? name, error);
		}
	}

	return good;
}
