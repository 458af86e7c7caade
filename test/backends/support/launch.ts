import {onTestFinished} from 'vitest';
import {createAwsBackend} from '../../../source/backends/aws/launch/backend.js';
import type {Operations} from '../../../source/backends/aws/launch/calls.js';
import {ImageBook} from '../../../source/backends/aws/launch/images.js';
import {createAwsOperations} from '../../../source/backends/aws/launch/operations.js';
import type {KnownPrice} from '../../../source/offers/on-demand-price.js';
import type {
	Backend,
	BackendError,
	Instance,
	LaunchIntent,
	LaunchProgress,
	OfferSource,
} from '../../../source/backends/backend.js';
import type {Surroundings} from '../../../source/backends/settings/index.js';
import type {Offer} from '../../../source/offers/offer.js';
import type {Clock} from '../../../source/system/clock.js';
import {writeFile} from 'node:fs/promises';
import path from 'node:path';
import {type Account, type Ec2, type Ec2Options, startEc2, usualAccount} from '../../support/ec2/index.js';
import {TestClock} from '../../support/ui.js';
import {makeSurroundings} from './surroundings.js';
import {serve} from './http.js';

/** The program's view of a clock on which a wait is over at once: the time passes for all who have that clock. */
export class SkippingClock implements Clock {
	readonly #clock: TestClock;
	/** Milliseconds that this machine's clock is ahead of the cloud's. */
	skew = 0;

	constructor(clock: TestClock) {
		this.#clock = clock;
	}

	now(): number {
		return this.#clock.now() + this.skew;
	}

	elapsed(): number {
		return this.#clock.elapsed();
	}

	async sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
		signal?.throwIfAborted();
		this.#clock.pass(milliseconds);
		// Whoever waited for that time, too, comes first.
		await new Promise(resolve => setImmediate(resolve));
		signal?.throwIfAborted();
	}

	every(milliseconds: number, tick: () => void): () => void {
		return this.#clock.every(milliseconds, tick);
	}
}

export const here = '203.0.113.7';

/** What tells this machine's address; `answer` may be changed. */
export async function startCheckip(): Promise<{url: string; answer: string}> {
	const state = {url: '', answer: `${here}\n`};
	const {url} = await serve(() => ({status: 200, body: state.answer, type: 'text/plain'}));
	state.url = url;
	return state;
}

/** An account's entry in `backends.yml`; `extra` are keys of its own. */
export const settings = (url: string, extra: string, {accessKeyId, secretAccessKey}: Account): string => `- type: aws
  creds: {type: access_key, access_key: ${accessKeyId}, secret_key: ${secretAccessKey}}
  endpoint: ${url}
${extra.replace(/^(?=.)/gm, '  ')}`;

export const accountOf = async (url: string, extra = ''): Promise<Surroundings> =>
	makeSurroundings({'config/backends.yml': settings(url, extra, usualAccount)});

export const onDemandPrice: KnownPrice = {price: 0.1, source: 'test', date: 0};
export const pricesFor = async (_region: string, types: readonly string[]) =>
	new Map(types.map(type => [type, onDemandPrice] as const));

/** Nobody lists offers here. */
export const noOffers: OfferSource = {
	name: 'aws',
	deadline: 'guest',
	status: async () => ({backend: 'aws', ready: true, notes: []}),
	async *offers() {
		yield [];
	},
};

export const limits = {connect: 500, request: 400, region: 5000};

export type Bench = {
	readonly ec2: Ec2;
	readonly clock: TestClock;
	readonly program: SkippingClock;
	readonly checkip: {url: string; answer: string};
	readonly operations: Operations;
	readonly aws: Required<Omit<Backend, 'quieten' | 'copyOut' | 'inside' | 'commit' | 'release'>>;
	/** The same account for a program that has just started. */
	readonly restarted: () => Required<Omit<Backend, 'quieten' | 'copyOut' | 'inside' | 'commit' | 'release'>>;
	readonly count: (action: string) => number;
	/** Writes other keys into the settings. */
	readonly setKeys: (keys: Account) => Promise<void>;
};

/** The program's backend in this process, as it is when it has just started. */
export function backendFor(surroundings: Surroundings, clock: Clock) {
	const operations = createAwsOperations({
		...{surroundings, clock, limits, launchLimit: limits.request, pricesFor},
		images: new ImageBook(),
		userData: ({id}) => `#cloud-config\n# ${id}\n`,
	});
	return {operations, aws: createAwsBackend(noOffers, operations, clock)};
}

/** A stand-in, and the program's backend over the real SDK in this thread; `extra` are keys of the entry in `backends.yml`. */
export async function startBench(extra = '', options: Ec2Options = {}): Promise<Bench> {
	const clock = new TestClock();
	const ec2 = await startEc2({clock, ...options});
	onTestFinished(async () => ec2.close());
	const checkip = await startCheckip();
	const program = new SkippingClock(clock);
	const keys = `checkip: ${checkip.url}\n${extra}`;
	const surroundings = await accountOf(ec2.url, keys);
	const start = () => backendFor(surroundings, program);
	return {
		...{ec2, clock, program, checkip, ...start()},
		restarted: () => start().aws,
		setKeys: async account => writeFile(path.join(surroundings.config, 'backends.yml'), settings(ec2.url, keys, account)),
		count: action => ec2.calls.filter(call => call.action === action).length,
	};
}

export const offerOf = (changes: Partial<Offer> = {}): Offer => ({
	id: 'aws:us-east-1:m5.large:od',
	backend: 'aws',
	region: 'us-east-1',
	instanceType: 'm5.large',
	cpu: 2,
	architecture: 'x86_64',
	memory: 8192,
	gpus: [],
	disk: undefined,
	spot: false,
	price: 0.096,
	priceSource: 'test',
	priceDate: 0,
	availability: 'unknown',
	deadline: 'guest',
	notes: [],
	...changes,
});

export const spotOffer = (changes: Partial<Offer> = {}): Offer =>
	offerOf({id: 'aws:us-east-1:us-east-1b:m5.large:spot', zone: 'us-east-1b', spot: true, price: 0.045, ...changes});

export const installation = '0123456789abcdef';

export const intentOf = (changes: Partial<LaunchIntent> = {}): LaunchIntent => ({
	id: '7d0c2c1e-6c3f-4a53-9a1d-3f8f0a7f5b11',
	run: 'fast-moth-1',
	installation,
	offer: offerOf(),
	authorizedKey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILoginLoginLoginLoginLoginLoginLoginLoginLog run',
	hostKey: {private: 'PRIVATE', public: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHostHostHostHostHostHostHostHostHostHost host'},
	deadline: Date.UTC(2026, 0, 2, 9, 4, 5),
	duration: 6 * 3600,
	inactivity: undefined,
	maxPrice: undefined,
	disk: undefined,
	tags: {},
	image: undefined,
	container: {
		user: undefined,
		folder: '/workflow',
		privileged: false,
		docker: false,
		caches: [],
		source: {folder: '/here', configuration: '/here/.dstack.yml'},
	},
	hold: false,
	registryAuth: undefined,
	python: undefined,
	shmSize: undefined,
	folder: '/nowhere',
	...changes,
});

export const calm = (): AbortSignal => new AbortController().signal;

/** Launches, and keeps what was told meanwhile. */
export async function launch(
	aws: Pick<Backend, 'launch'>,
	changes: Partial<LaunchIntent> = {},
	signal = calm(),
): Promise<{instance: Instance; progress: LaunchProgress[]}> {
	const progress: LaunchProgress[] = [];
	const instance = await aws.launch(intentOf(changes), signal, each => progress.push(each));
	return {instance, progress};
}

/** The failure of what must fail. */
export const refusal = async (acting: Promise<unknown>): Promise<BackendError> =>
	acting.then(
		() => {
			throw new Error('it did not fail');
		},
		(error: unknown) => error as BackendError,
	);
