import {describe, expect} from 'vitest';
import type {BackendErrorClass, Instance} from '../../../source/backends/backend.js';
import {calm, caseOf, startBench} from './bench.js';
import {lives} from './lives.js';
import type {Ability, Call, Fault, StandIn} from './stand-in.js';

const classes: readonly BackendErrorClass[] = ['capacity', 'quota', 'permission', 'configuration', 'transient', 'unknown'];
const isOver = (instance: Instance | undefined): boolean => !['pending', 'running'].includes(instance?.state ?? 'terminated');

/**
What every backend has to hold, handed one with its stand-in. What a stand-in cannot do it declares, and that is shown as skipped. A new
backend passes this before it is added to the registry.
*/
export function conformance(standIn: StandIn): void {
	const check = (name: string, needs: readonly Ability[], act: () => Promise<void>) => caseOf(standIn, name, needs, act);
	const can = (call: Call, fault: Fault): Ability => `${call}: ${fault}`;

	describe(`${standIn.name}: launching`, () => {
		check('makes one, which is told of as it is by every question, also to a program that has just started', [], async () => {
			const {backend, restarted, launch, intent, alive, installation, regions} = await startBench(standIn);
			const wish = await intent();
			const instance = await launch(wish);
			expect(instance).toMatchObject({intentId: wish.id, run: wish.run, state: 'running'});
			expect(instance.endpoint?.port).toBeGreaterThan(0);
			expect(instance.workspace).toMatch(/^\//);
			expect(instance.stateFolder).toMatch(/^\//);
			expect(instance.launchedAt).toBeGreaterThan(0);
			expect(await alive(wish)).toHaveLength(1);
			const same = {id: instance.id, intentId: wish.id, run: wish.run, state: 'running', endpoint: instance.endpoint};
			for (const program of [backend, restarted()]) {
				expect(await program.describe(instance.id)).toMatchObject(same);
				expect(await program.find(wish.id, wish.offer)).toMatchObject(same);
				expect(await program.list(installation, regions)).toMatchObject([same]);
			}
		});

		check('a repeated token is the same instance, also for a program that has just started', ['token'], async () => {
			const {launch, intent, alive, restarted} = await startBench(standIn);
			const wish = await intent();
			const {id} = await launch(wish);
			expect(await launch(wish)).toMatchObject({id});
			expect(await launch(wish, restarted())).toMatchObject({id});
			expect(await alive(wish)).toHaveLength(1);
		});

		check('another token is another instance', [], async () => {
			const {launch, intent, alive} = await startBench(standIn);
			const [one, two] = [await intent(), await intent({run: 'slow-owl-2'})];
			expect((await launch(one)).id).not.toBe((await launch(two)).id);
			expect(await alive(one, two)).toHaveLength(2);
		});

		for (const fault of ['lost request', 'lost answer'] as const) {
			check(`after a ${fault} nothing is certain, and the same token makes one`, [can('launch', fault)], async () => {
				const {cloud, launch, refusal, intent, alive, restarted} = await startBench(standIn);
				const wish = await intent();
				cloud.fault('launch', fault);
				expect(await refusal(launch(wish))).toMatchObject({class: 'transient'});
				const made = await alive(wish);
				expect(made.length).toBeLessThanOrEqual(fault === 'lost request' ? 0 : 1);
				cloud.fault('launch', undefined);
				const found = await restarted().find(wish.id, wish.offer);
				expect(found === undefined).toBe(made.length === 0);
				const instance = await launch(wish, restarted());
				expect(found?.id ?? instance.id).toBe(instance.id);
				expect(await alive(wish)).toHaveLength(1);
			});
		}

		for (const errorClass of classes) {
			check(`a refusal for ${errorClass} is told as that, and makes nothing`, [can('launch', errorClass)], async () => {
				const {cloud, backend, launch, refusal, intent, alive} = await startBench(standIn);
				const wish = await intent();
				cloud.fault('launch', errorClass);
				const error = await refusal(launch(wish));
				expect(error).toMatchObject({class: errorClass, message: expect.stringMatching(/\w+/) as string});
				expect(error.message).not.toContain('[object');
				cloud.fault('launch', undefined);
				expect(await alive(wish)).toEqual([]);
				expect(isOver(await backend.find(wish.id, wish.offer))).toBe(true);
				const again = await intent();
				await launch(again);
				expect(await alive(wish, again)).toHaveLength(1);
			});
		}

		check('left before it asked, nothing is made', [], async () => {
			const {launch, intent, alive, backend} = await startBench(standIn);
			const leaving = new AbortController();
			leaving.abort(new Error('left'));
			const wish = await intent();
			await expect(launch(wish, backend, leaving.signal)).rejects.toThrow();
			expect(await alive(wish)).toEqual([]);
		});

		check('left in the middle, what was made is known', [], async () => {
			const {backend, intent, alive, cloud} = await startBench(standIn);
			const wish = await intent();
			const leaving = new AbortController();
			const launching = backend.launch(wish, leaving.signal, () => leaving.abort(new Error('left'))).catch(() => undefined);
			// A backend that tells of nothing meanwhile is left by the clock.
			setTimeout(() => leaving.abort(new Error('left')), 30);
			const instance = await launching;
			const made = await alive(wish);
			const found = made.length > 0 ? await backend.find(wish.id, cloud.offers[0]) : undefined;
			expect(made.length).toBeLessThanOrEqual(1);
			expect(instance?.id ?? found?.id).toBe(found?.id);
			if (found) {
				await backend.terminate(found.id, found.account);
			}

			expect(await alive(wish)).toEqual([]);
		});
	});

	describe(`${standIn.name}: living`, () => {
		check('it ends itself at its deadline, with nobody there', ['deadline'], async () => {
			const {cloud, launch, intent, alive, until, ended, backend, installation, regions} = await startBench(standIn);
			const wish = await intent({duration: cloud.shortest, deadline: cloud.now() + cloud.shortest * 1000});
			const instance = await launch(wish);
			expect(await alive(wish)).toHaveLength(1);
			await cloud.pass(cloud.shortest * 1000);
			await until(async () => (await alive(wish)).length === 0);
			expect(await ended(instance)).not.toMatchObject({interrupted: true});
			const listed = await backend.list(installation, regions);
			expect(listed.filter(({state}) => state === 'running' || state === 'pending')).toEqual([]);
		});

		check('a deadline that was moved holds, and no sooner', ['deadline', 'extend'], async () => {
			const {cloud, launch, intent, alive, until, backend} = await startBench(standIn);
			const span = cloud.shortest * 1000;
			const wish = await intent({duration: cloud.shortest, deadline: cloud.now() + span});
			const instance = await launch(wish);
			await cloud.extend(instance, instance.launchedAt + 3 * span);
			await cloud.pass(2 * span);
			expect(await alive(wish)).toHaveLength(1);
			expect(await backend.describe(instance.id)).toMatchObject({state: 'running'});
			await cloud.pass(span);
			await until(async () => (await alive(wish)).length === 0);
		});

		check('capacity that is taken back is told as that', ['interruption'], async () => {
			const {cloud, launch, intent, alive, until, ended} = await startBench(standIn);
			const wish = await intent({offer: cloud.spotOffer ?? cloud.offers[0]});
			const instance = await launch(wish);
			await cloud.interrupt(instance);
			await until(async () => (await alive(wish)).length === 0);
			expect(await ended(instance)).toMatchObject({interrupted: true, reason: expect.stringMatching(/\w/) as string});
		});

		check('one that somebody else has ended is not told of as running, and to end it is no error', ['loss'], async () => {
			const {cloud, launch, intent, ended, backend, installation, regions} = await startBench(standIn);
			const wish = await intent();
			const instance = await launch(wish);
			const account = await backend.account?.(wish.offer, calm());
			await cloud.lose(instance);
			expect(await ended({...instance, account})).not.toMatchObject({interrupted: true});
			const listed = await backend.list(installation, regions);
			expect(listed.filter(({state}) => state === 'running' || state === 'pending')).toEqual([]);
			await backend.terminate(instance.id, account);
		});
	});

	describe(`${standIn.name}: ending`, () => {
		check('resolves only when it has ended; twice is no error', [], async () => {
			const {launch, intent, alive, backend, restarted} = await startBench(standIn);
			const [wish, other] = [await intent(), await intent({run: 'slow-owl-2'})];
			const instance = await launch(wish);
			await launch(other);
			const account = await backend.account?.(wish.offer, calm());
			await restarted().terminate(instance.id, account);
			expect(await alive(wish)).toEqual([]);
			expect(await alive(other)).toHaveLength(1);
			expect(isOver(await backend.describe(instance.id, account).catch(() => undefined))).toBe(true);
			await backend.terminate(instance.id, account);
		});

		for (const fault of ['lost request', 'permission', 'transient'] as const) {
			check(`one that fails (${fault}) is thrown, and done when it is asked again`, [can('terminate', fault)], async () => {
				const {cloud, launch, intent, alive, backend, refusal} = await startBench(standIn);
				const wish = await intent();
				const instance = await launch(wish);
				cloud.fault('terminate', fault);
				const error = await refusal(backend.terminate(instance.id));
				expect(error.class).toBe(fault === 'lost request' ? 'transient' : fault);
				expect(await alive(wish)).toHaveLength(1);
				cloud.fault('terminate', undefined);
				await backend.terminate(instance.id);
				expect(await alive(wish)).toEqual([]);
			});
		}

		check('how it is ended by hand is said without asking anybody', [], async () => {
			const {launch, intent, backend} = await startBench(standIn);
			const {id} = await launch(await intent());
			const byHand = backend.byHand?.(id);
			expect(byHand?.command ?? id).toContain(id.split('/').at(-1));
		});
	});

	describe(`${standIn.name}: what is whose`, () => {
		check('lists what is ours and alive; what others have there is neither told of nor touched', [], async () => {
			const {cloud, launch, intent, alive, backend, installation, regions} = await startBench(standIn);
			const stranger = await cloud.addStranger();
			const theirs = await intent({run: 'slow-owl-2', installation: 'fedcba9876543210'});
			const [ours, gone] = [await intent(), await intent({run: 'gone-fox-3'})];
			await launch(theirs);
			const instance = await launch(ours);
			const {id} = await launch(gone);
			await backend.terminate(id);
			expect(await backend.list(installation, regions)).toMatchObject([{id: instance.id}]);
			expect((await backend.list('fedcba9876543210', regions)).map(({intentId}) => intentId)).toEqual([theirs.id]);
			expect(await backend.list('0000000000000000', regions)).toEqual([]);
			await backend.terminate(instance.id);
			await backend.sweep?.(installation, regions);
			expect(await alive(theirs)).toHaveLength(1);
			expect((await cloud.alive()).map(each => each.id)).toContain(stranger);
		});

		for (const fault of ['lost request', 'permission'] as const) {
			check(`a question that fails (${fault}) is never taken for an absence`, [can('question', fault)], async () => {
				const {cloud, launch, intent, backend, refusal, installation, regions} = await startBench(standIn);
				const wish = await intent();
				const {id} = await launch(wish);
				cloud.fault('question', fault);
				const expected = fault === 'permission' ? 'permission' : 'transient';
				expect((await refusal(backend.describe(id))).class).toBe(expected);
				expect((await refusal(backend.find(wish.id, wish.offer))).class).toBe(expected);
				expect((await refusal(backend.list(installation, regions))).class).toBe(expected);
				cloud.fault('question', undefined);
				expect(await backend.describe(id)).toMatchObject({id, state: 'running'});
			});
		}

		check('a launch that was announced for another account is refused', ['launch for another account'], async () => {
			const {launch, intent, alive, refusal} = await startBench(standIn);
			const wish = await intent({account: {id: 'elsewhere', label: 'the account elsewhere'}});
			expect(await refusal(launch(wish))).toMatchObject({
				class: 'permission',
				message: expect.stringContaining('the account elsewhere') as string,
			});
			expect(await alive(wish)).toEqual([]);
		});

		check(
			'asked in another account, nothing is known of what is in the first, and nothing of it is ended',
			['other account'],
			async () => {
				const {cloud, launch, intent, alive, backend, refusal} = await startBench(standIn);
				const wish = await intent();
				const {id} = await launch(wish);
				const account = await backend.account?.(wish.offer, calm());
				await cloud.switchAccount?.();
				for (const act of [
					async () => backend.describe(id, account),
					async () => backend.find(wish.id, wish.offer, account),
					async () => backend.terminate(id, account),
					async () => launch(await intent({run: 'slow-owl-2', account})),
				]) {
					expect(await refusal(act())).toMatchObject({class: 'permission'});
				}

				expect(await alive(wish)).toHaveLength(1);
				await cloud.switchAccount?.();
				expect(await backend.describe(id, account)).toMatchObject({state: 'running'});
			},
		);

		check('keys and passwords are in nothing that is told: no instance, progress, error or line', [], async () => {
			const {cloud, launch, intent, backend, refusal, heard, secrets, installation, regions} = await startBench(standIn);
			const {id} = await launch(await intent());
			for (const fault of classes) {
				if (standIn.cannot[can('launch', fault)] === undefined) {
					cloud.fault('launch', fault);
					await refusal(launch(await intent({run: 'slow-owl-2'})));
				}
			}

			cloud.fault('launch', undefined);
			heard.push(JSON.stringify([await backend.list(installation, regions), backend.byHand?.(id) ?? '']));
			heard.push(JSON.stringify(await backend.account?.(cloud.offers[0], calm())) ?? '');
			await backend.terminate(id);
			expect(heard.length).toBeGreaterThan(2);
			expect(secrets.filter(secret => heard.some(words => words.includes(secret)))).toEqual([]);
		});
	});

	lives(standIn);
}
