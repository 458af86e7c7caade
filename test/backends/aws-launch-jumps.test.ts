import {expect, test} from 'vitest';
import {intentOf, refusal, startBench} from './support/launch.js';

// This machine's clock is set while EC2 is asked: two minutes are two minutes that passed.

const minute = 60_000;
const day = 24 * 60 * minute;
const ours = {id: '123456789012', label: 'AWS account 123456789012'};
const nowhere = 'us-east-1/i-0123456789abcdef0';

/** An instance that EC2 does not tell of for a minute and a half. */
async function makeUntold() {
	const bench = await startBench('', {delays: {visible: 90_000}});
	const leaving = new AbortController();
	const {id} = await bench.aws.launch(intentOf(), leaving.signal, ({text}) => {
		if (text.endsWith('is made')) {
			leaving.abort(new Error('left'));
		}
	});
	return {...bench, id};
}

/** Sets the program's clock in its next wait. */
function jumpInWait(program: Awaited<ReturnType<typeof startBench>>['program'], jump: number): void {
	const sleep = program.sleep.bind(program);
	program.sleep = async (...given) => {
		await sleep(...given);
		program.skew = jump;
	};
}

test('a day ahead, between two questions: what was made a moment ago is not gone', async () => {
	const {aws, id, program} = await makeUntold();
	expect(await refusal(aws.describe(id))).toMatchObject({class: 'transient'});
	program.skew = day;
	expect(await refusal(aws.describe(id))).toMatchObject({class: 'transient'});
	expect(await refusal(aws.describe(id))).toMatchObject({class: 'transient'});
	await program.sleep(95_000);
	expect(await aws.describe(id)).toMatchObject({id});
});

test('a day back, between two questions: what never was is gone after two minutes all the same', async () => {
	const {aws, program} = await startBench();
	expect(await refusal(aws.describe(nowhere))).toMatchObject({class: 'transient'});
	program.skew = -day;
	await program.sleep(2 * minute);
	expect(await aws.describe(nowhere)).toBeUndefined();
});

test.each([day, -day])('set by %i ms while it is ended: what is not told of yet is waited for, and ended', async jump => {
	const {aws, ec2, id, program} = await makeUntold();
	jumpInWait(program, jump);
	await aws.terminate(id, ours);
	expect(ec2.alive()).toEqual([]);
});

test.each([day, -day])('set by %i ms while what never was is ended: it takes two minutes', async jump => {
	const {aws, clock, program} = await startBench();
	jumpInWait(program, jump);
	const began = clock.elapsed();
	await aws.terminate(nowhere, ours);
	expect(clock.elapsed() - began).toBeGreaterThanOrEqual(2 * minute);
	expect(clock.elapsed() - began).toBeLessThan(3 * minute);
});
