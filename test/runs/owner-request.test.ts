import {readdir} from 'node:fs/promises';
import {afterEach, beforeEach, expect, test} from 'vitest';
import {agree, answerAgreement} from '../../source/runs/live/price-agreement.js';
import {answerRequest, askOwner} from '../../source/runs/journal/owner-requests.js';
import {openRecord} from '../../source/runs/journal/record.js';
import {Problem} from '../../source/system/problem.js';
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

test('what the owner refuses is told to the one who asked, in the words of the owner', async () => {
	const {context} = new Program(world);
	const owner = await openRecord(context, runName);
	await owner.own();
	const asked = askOwner(context, await openRecord(context, runName), {
		file: 'asked',
		text: '5',
		isDone: () => false,
		unheard: new Problem('failed', 'not heard'),
	}).catch((error: unknown) => error);
	const refuse = async () =>
		answerRequest(owner.folder, 'asked', {
			read: text => (text === '5' ? text : undefined),
			async act() {
				throw new Problem('usage', 'Five is too many', {next: 'Ask for four.'});
			},
		});
	for (;;) {
		try {
			await refuse();
		} catch (error) {
			expect(error).toMatchObject({message: 'Five is too many'});
			break;
		}
	}

	expect(await asked).toMatchObject({message: 'Five is too many', next: 'Ask for four.'});
	expect((await readdir(owner.folder)).filter(file => file.startsWith('asked'))).toEqual([]);
	await owner.release();
});
