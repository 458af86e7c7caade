import type {Offer} from '../../source/offers/offer.js';
import type {RunEvent, RunSpecification} from '../../source/runs/model/events.js';

export const testOffer: Offer = {
	id: 'local/here/process',
	backend: 'local',
	region: 'here',
	instanceType: 'process',
	cpu: 2,
	architecture: 'x86_64',
	memory: 4096,
	gpus: [],
	disk: undefined,
	spot: false,
	price: 0,
	priceSource: 'this machine',
	priceDate: 0,
	availability: 'available',
	deadline: 'guest',
	notes: [],
};

export const testSpecification = (changes: Partial<RunSpecification> = {}): RunSpecification => ({
	intentId: '11111111-2222-4333-8444-555555555555',
	installation: 'test',
	folder: '/project',
	subfolder: '',
	configurationFile: '/project/.dstack.yml',
	configurationLabel: '.dstack.yml',
	configuration: {env: {}, build: [], setup: [], init: [], ports: [], cache: [], files: []},
	offer: {...testOffer},
	ports: [],
	reverse: [],
	duration: null,
	others: [],
	inactivity: null,
	retry: null,
	agreed: false,
	tags: {},
	build: 'use',
	forwardAgent: false,
	...changes,
});

/** A run's life up to `ready`, one event a second. */
export function readyLife(): RunEvent[] {
	const events: Array<Omit<RunEvent, 'at'>> = [
		{type: 'intended', specification: testSpecification()} as never,
		{type: 'deadline-set', deadline: null} as never,
		{type: 'requested', intentId: testSpecification().intentId} as never,
		{type: 'step-started', step: 'instance', title: 'Start it'} as never,
		{
			type: 'created',
			instanceId: 'process:x',
			workspace: '/w',
			stateFolder: '/s',
			sharesNetwork: true,
			launchedAt: 4000,
		} as never,
		{type: 'address', host: '127.0.0.1', port: 2222, user: 'me'} as never,
		{type: 'step-done', step: 'instance'} as never,
		{type: 'reachable'} as never,
		{type: 'step-started', step: 'setup', title: 'Set up'} as never,
		{type: 'step-progress', step: 'setup', text: 'half'} as never,
		{type: 'step-done', step: 'setup', note: 'well'} as never,
		{type: 'ready'} as never,
	];
	return events.map((event, index) => ({...event, at: index * 1000}) as RunEvent);
}
