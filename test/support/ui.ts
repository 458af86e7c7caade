import {readImageSettings} from '../../source/environment/images/settings.js';
import type {ConfigurationFile, ProfilesFile} from '../../source/configuration/model.js';
import {matchRows} from '../../source/offers/match.js';
import type {Offer} from '../../source/offers/offer.js';
import {OfferTable} from '../../source/offers/table.js';
import type {Core} from '../../source/runs/core.js';
import {LogReader} from '../../source/runs/journal/log-reader.js';
import type {OfferListing} from '../../source/runs/model/listing.js';
import type {Plan, Request} from '../../source/runs/model/choice.js';
import type {LogLine, LogSnapshot} from '../../source/runs/model/log-snapshot.js';
import type {GuestView, LinkHealth, PortHealth, RunHandle} from '../../source/runs/model/run-handle.js';
import type {RunState} from '../../source/runs/model/state.js';
import type {Load} from '../../source/tunnel/observe/machine-load.js';
import {App} from '../../source/ui/store/app.js';
import type {AppOptions} from '../../source/ui/store/app-options.js';
import {environment} from '../environment/support.js';
import {TurnedClock as TestClock} from './clock.js';
import {testOffer, testSpecification} from './events.js';
import {logArea} from '../../source/ui/layout.js';

/** A clock that stands still until a test turns it. */
export {TestClock};

export const offers = (count: number): Offer[] =>
	Array.from({length: count}, (_, index) => ({
		...testOffer,
		id: `offer-${index}`,
		backend: ['aws', 'gcp', 'runpod'][index % 3] ?? 'aws',
		region: `region-${index % 7}`,
		instanceType: `type-${String(index).padStart(5, '0')}`,
		cpu: 2 ** (index % 6),
		memory: 4096 * (1 + (index % 9)),
		gpus:
			index % 2 === 0
				? []
				: [{vendor: 'nvidia', name: index % 4 === 1 ? 'L40S' : 'A100', count: 1 + (index % 4), memory: 49_152}],
		spot: index % 5 === 0,
		price: 0.1 + index / 100,
	}));

export const runState = (changes: Partial<RunState> = {}): RunState => ({
	name: 'fast-moth-1',
	phase: 'ready',
	specification: testSpecification({
		configuration: {ide: 'vscode', build: [], setup: [], init: [], env: {}, ports: [], cache: []},
	}),
	intentId: testSpecification().intentId,
	intentIds: [testSpecification().intentId],
	madeIds: [],
	account: undefined,
	duration: null,
	unanswered: false,
	round: {start: 0, count: 0, since: 0},
	agreedPrice: 0,
	asking: undefined,
	waiting: undefined,
	guarded: false,
	leaseLifted: false,
	isGuardSilent: false,
	halted: undefined,
	resumedAt: undefined,
	hostKeyReplaced: false,
	notice: undefined,
	billing: [{offer: changes.offer ?? testOffer, from: changes.launchedAt ?? Date.UTC(2026, 0, 2, 3, 0, 0), to: undefined}],
	stopFailure: undefined,
	stopConsent: undefined,
	remoteDeadline: undefined,
	requestsDone: [],
	offer: testOffer,
	intendedAt: Date.UTC(2026, 0, 2, 3, 0, 0),
	instanceId: 'process:x',
	workspace: '/workflow',
	stateFolder: '/state',
	sharesNetwork: true,
	launchedAt: Date.UTC(2026, 0, 2, 3, 0, 0),
	address: {host: '127.0.0.1', port: 2222, user: 'me'},
	reachable: true,
	image: undefined,
	opened: true,
	steps: [],
	failure: undefined,
	attempts: [],
	readyAt: Date.UTC(2026, 0, 2, 3, 1, 0),
	tunnel: undefined,
	deadline: undefined,
	ports: [],
	reverse: [],
	portsKnown: undefined,
	endedAt: undefined,
	reason: undefined,
	kept: undefined,
	...changes,
});

export const port = (changes: Partial<PortHealth> = {}): PortHealth => ({
	local: 8000,
	remote: 8000,
	direct: false,
	added: false,
	open: 0,
	received: 0,
	sent: 0,
	total: 0,
	rate: 0,
	problem: undefined,
	...changes,
});

export const health = (changes: Partial<LinkHealth> = {}): LinkHealth => ({
	status: 'up',
	latency: 12.4,
	latencies: [10, 12.4],
	upSince: Date.UTC(2026, 0, 2, 3, 1, 0),
	reconnects: 0,
	reason: undefined,
	ports: [],
	offered: [],
	reverse: [],
	access: {status: 'works', at: Date.UTC(2026, 0, 2, 3, 1, 0), why: undefined, next: undefined},
	...changes,
});

/** A run as a screen sees one; a test changes what it tells. */
export class TestHandle implements RunHandle {
	readonly done: string[] = [];
	state_: RunState;
	health_: LinkHealth = health();
	lines: readonly LogLine[] = [];
	unsaved: {changed: boolean; lines: string[]} = {changed: false, lines: []};
	readonly #listeners = new Set<() => void>();

	constructor(state: RunState) {
		this.state_ = state;
	}

	get name(): string {
		return this.state_.name;
	}

	state = (): RunState => this.state_;
	health = (): LinkHealth => this.health_;
	guest_: GuestView | undefined;
	guest = (): GuestView | undefined => this.guest_;
	#logs: LogSnapshot = {version: 0, chunks: []};

	/** Another snapshot for each other array of lines. */
	logs(): LogSnapshot {
		if (this.#logs.chunks[0] !== this.lines) {
			this.#logs = {version: this.#logs.version + 1, chunks: [this.lines]};
		}

		return this.#logs;
	}

	change(changes: Partial<RunState>): void {
		this.state_ = {...this.state_, ...changes};
		this.tell();
	}

	tell(): void {
		for (const listener of this.#listeners) {
			listener();
		}
	}

	subscribe(listener: () => void): () => void {
		this.#listeners.add(listener);
		return () => {
			this.#listeners.delete(listener);
		};
	}

	onEvent = (): (() => void) => () => undefined;
	whenReady = async (): Promise<void> => new Promise(() => undefined);
	whenOver = async (): Promise<void> => new Promise(() => undefined);
	retry = (): void => void this.done.push('retry');
	unsavedWork = async () => this.unsaved;

	dismiss = (remote: number): void => void this.done.push(`dismiss ${remote}`);
	checkAccess = (): void => void this.done.push('check access');

	async forward(remote: number, local = remote): Promise<number> {
		this.done.push(`forward ${local}:${remote}`);
		return local;
	}

	async unforward(local: number): Promise<void> {
		this.done.push(`unforward ${local}`);
	}

	async reverse(remote: number, local: number): Promise<void> {
		this.done.push(`reverse ${remote}:${local}`);
	}

	async unreverse(remote: number): Promise<void> {
		this.done.push(`unreverse ${remote}`);
	}

	/** Whoever watches the load; a test tells them. */
	readonly loadListeners = new Set<(load: Load | undefined) => void>();

	watchLoad(onLoad: (load: Load | undefined) => void): () => void {
		this.loadListeners.add(onLoad);
		return () => {
			this.loadListeners.delete(onLoad);
		};
	}

	async agree(): Promise<void> {
		this.done.push('agree');
	}

	async extend(seconds: number): Promise<void> {
		this.done.push(`extend ${seconds}`);
	}

	async stop(): Promise<void> {
		this.done.push('stop');
	}

	async suspend(): Promise<void> {
		this.done.push('suspend');
	}

	resume(): void {
		this.done.push('resume');
	}

	async detach(): Promise<void> {
		this.done.push('detach');
	}
}

/** A sound configuration as the search finds it. */
export const configurationFile = (changes: Partial<ConfigurationFile> = {}): ConfigurationFile => ({
	path: '/project/.dstack.yml',
	file: '.dstack.yml',
	label: '.dstack.yml',
	text: 'type: dev-environment\nide: vscode\n',
	diagnostics: [],
	environment: environment({ide: 'vscode'}),
	settings: {},
	origins: {},
	...changes,
});

const noProfiles: ProfilesFile = {paths: [], diagnostics: [], profiles: []};

/** What a test's backends list: these offers, and how far they are. */
export type TestListing = Partial<Omit<OfferListing, 'table' | 'matches'>> & {readonly offers?: readonly Offer[]};

export function tableOf(listed: readonly Offer[]): OfferTable {
	const table = new OfferTable();
	for (const [backend, own] of Map.groupBy(listed, ({backend: name}) => name)) {
		const listing = table.listing(backend, 'live');
		listing.addOffers(own);
		listing.end();
	}

	return table;
}

/** Nothing is remembered. */
export const preferences: Core['preferences'] = {
	damage: undefined,
	last: () => ({}),
	remember: () => undefined,
	trusts: () => false,
	rememberTrust: () => undefined,
	registry: () => undefined,
	images: () => readImageSettings(() => undefined),
	grid: () => ({}),
	rememberGrid: () => undefined,
	mouse: () => true,
	rememberMouse: () => undefined,
	attention: () => ({notify: undefined, title: true, problems: []}),
	process: () => 'ask',
	forwardPorts: () => 'ask',
	rememberForwardPorts: () => undefined,
};

/** The core as screens see it, answering what a test gave it. */
export function testCore(changes: Partial<Core> = {}, listing: TestListing = {}): Core {
	const {offers: shown = offers(30), ...rest} = listing;
	const table = tableOf(shown);
	const request = (choice: Request['choice']): Request =>
		({
			choice,
			requirements: {
				spotPolicy: 'auto',
				cpu: {count: {}},
				memory: {min: 1024},
				assumed: new Set(),
				asked: [{key: 'memory', words: 'memory ≥ 1 GB', origin: '--memory'}],
				words: ['memory ≥ 1 GB'],
				retry: 'off',
				image: undefined,
			},
			environment: choice.configuration.environment,
		}) as unknown as Request;
	return {
		folder: '/project',
		configurations: async () => [configurationFile()],
		profiles: async () => noProfiles,
		writeStarter: async () => configurationFile(),
		onFilesChanged: () => () => undefined,
		saveRequirements: async () => undefined,
		request,
		async *offers({requirements}) {
			yield {
				table,
				matches: matchRows(table, requirements),
				backends: [{backend: 'local', ready: true, notes: [], settled: true, count: shown.length, live: shown.length}],
				complete: true,
				...rest,
			};
		},
		plan: async (asked, offer, {others = [], agreed = false} = {}): Promise<Plan> => ({
			request: asked,
			name: asked.choice.name ?? 'fast-moth-1',
			offer,
			others,
			agreed,
			image: {image: undefined, decision: 'none', build: undefined, why: []},
			code: {
				root: '/project',
				subfolder: '',
				kind: 'repository',
				files: 3,
				bytes: 2048,
				notes: [],
				commands: [],
				refused: false,
				trusted: false,
			},
			logins: [],
			leaving: {files: [], variables: [], secrets: [], agent: false, reverse: []},
			given: {privileged: false, docker: false, caches: []},
			ports: [],
			deadline: undefined,
			warnings: [],
		}),
		priceHistory: async () => {
			throw new Error('nobody asked for a history of prices');
		},
		backendReport: async () => ({backends: [], problems: [], warnings: []}),
		launch: async () => new TestHandle(runState({phase: 'starting'})),
		attach: async () => new TestHandle(runState()),
		start: async () => ({was: 'stopped', answers: true}),
		stop: async () => undefined,
		isEnding: async () => false,
		forget: async () => undefined,
		unsavedWork: async () => ({changed: false, lines: []}),
		bringHome: async () => ({folder: undefined, repositories: []}),
		logs: async () => new LogReader('/nowhere'),
		interrupted: async () => undefined,
		runs: async () => [],
		known: async () => (changes.runs ? (await changes.runs()).filter(({phase}) => phase !== 'gone') : []),
		onWaits: () => () => undefined,
		reconcile: async () => ({runs: [], orphans: [], notes: [], looked: []}),
		endOrphan: async () => undefined,
		stepTimes: async () => ({}),
		ledger: async () => [],
		onRunsChanged: () => () => undefined,
		sshCommand: name => `ssh ${name}`,
		ideLink: state => ({ide: 'vscode', url: `vscode://vscode-remote/ssh-remote+${state.name}/workflow`}),
		preferences,
		...changes,
	};
}

export const testApp = (core: Core, changes: Partial<AppOptions> = {}): App =>
	new App({
		logArea,
		core,
		clock: new TestClock(),
		size: {columns: 100, rows: 24},
		open: async () => undefined,
		copy: () => undefined,
		hand: async () => 0,
		redraw: async () => undefined,
		sleep: async () => undefined,
		...changes,
	});
