import {describe, expect, test} from 'vitest';
import type {InstanceKind, Offer} from '../../source/offers/offer.js';
import {nextMove} from '../../source/runs/launch/failover.js';
import {eventSchema, type RunSpecification} from '../../source/runs/model/events.js';
import type {Attempt} from '../../source/runs/model/state.js';
import {testOffer, testSpecification} from '../support/events.js';
import {runState} from '../support/ui.js';

const made = (name: string, kind: InstanceKind | undefined, backend = 'aws'): Offer => ({
	...testOffer,
	id: `${backend}/${name}`,
	backend,
	instanceType: name,
	...(kind ? {kind} : {}),
});

const refused = (offer: Offer): Attempt => ({
	offer,
	at: 0,
	errorClass: 'capacity',
	message: 'none left',
	next: undefined,
	zones: [],
});

/** What is tried after the first offer was refused. */
function after(first: Offer, others: readonly Offer[], changes: Partial<RunSpecification> = {}) {
	const specification = testSpecification({
		offer: {...first},
		others: others.map(offer => ({...offer})),
		agreed: true,
		...changes,
	});
	return nextMove(
		runState({phase: 'starting', specification, offer: first, attempts: [refused(first)], instanceId: undefined}),
		0,
	);
}

describe('failover and isolation', () => {
	const container = made('docker', 'container', 'local');
	const process = made('process', 'process', 'local');
	const machine = made('m5.large', 'machine');
	const shared = made('pod', 'container', 'runpod');

	test('never goes from a container to a process, whatever the list of the plan holds', () => {
		expect(after(container, [process])).toMatchObject({type: 'give-up'});
		expect(after(container, [process, shared])).toMatchObject({type: 'try', offer: {id: shared.id}});
		expect(after(container, [process], {isolation: 'container'})).toMatchObject({type: 'give-up'});
	});

	test('goes down to the kind that was agreed to, and not below it', () => {
		expect(after(machine, [shared])).toMatchObject({type: 'give-up'});
		expect(after(machine, [process, shared], {isolation: 'container'})).toMatchObject({type: 'try', offer: {id: shared.id}});
		expect(after(machine, [process], {isolation: 'container'})).toMatchObject({type: 'give-up'});
		expect(after(shared, [machine])).toMatchObject({type: 'try', offer: {id: machine.id}});
	});

	test('reads journals that say nothing of kinds', () => {
		const [oldDocker, oldProcess, oldPod] = [
			made('docker', undefined, 'local'),
			made('process', undefined, 'local'),
			made('pod', undefined, 'runpod'),
		];
		expect(after(oldDocker, [oldProcess])).toMatchObject({type: 'give-up'});
		expect(after(made('m5.large', undefined), [oldPod])).toMatchObject({type: 'give-up'});
		expect(after(oldPod, [made('m5.large', undefined)])).toMatchObject({type: 'try'});
		expect(eventSchema.safeParse({type: 'intended', at: 0, specification: testSpecification()}).success).toBe(true);
		expect(
			eventSchema.safeParse({type: 'intended', at: 0, specification: testSpecification({isolation: 'container'})}).success,
		).toBe(true);
	});
});
