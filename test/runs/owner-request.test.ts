import {afterEach, beforeEach, expect, test} from 'vitest';
import {agree, answerAgreement} from '../../source/runs/agreement.js';
import {openRecord} from '../../source/runs/record.js';
import {offersOf, Program, runName, World} from './life/program.js';

let world: World;

beforeEach(async () => {
	world = new World();
	world.cloud.fault = call => (call === 'launch' ? {type: 'refused', class: 'capacity'} : undefined);
	const others = offersOf({id: 'cloud/r1/dear', instanceType: 'dear', price: 1.6});
	// It asks, and is killed while nobody answers.
	await new Program(world, 12).start({others});
	expect(await world.state()).toMatchObject({asking: {id: 'cloud/r1/dear'}});
});

afterEach(() => {
	world.remove();
});

test('what another program asks for is done by the owner, once', async () => {
	const {context} = new Program(world);
	const owner = await openRecord(context, runName);
	expect(await owner.own()).toBe(true);
	const other = await openRecord(context, runName);
	const asked = agree(context, other);
	while (owner.known.asking) {
		await answerAgreement(owner);
	}

	await asked;
	expect(other.known).toMatchObject({asking: undefined, agreedPrice: 1.6});
	await answerAgreement(owner);
	expect(owner.known.agreedPrice).toBe(1.6);
	await owner.release();
});

test('an owner that does not hear is told of, and the request is withdrawn', async () => {
	const {context} = new Program(world);
	const owner = await openRecord(context, runName);
	await owner.own();
	await expect(agree(context, await openRecord(context, runName))).rejects.toThrow('did not hear the answer');
	await answerAgreement(owner);
	expect(owner.known.asking).toBeDefined();
	await owner.release();
});
