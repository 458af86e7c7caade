import {mkdir, readFile, writeFile} from 'node:fs/promises';
import {userInfo} from 'node:os';
import path from 'node:path';
import {describe, expect, onTestFinished, test, vi} from 'vitest';
import {AccessWatch} from '../../source/runs/live/ssh-access.js';
import type {RunContext} from '../../source/runs/context.js';
import type {RunEvent} from '../../source/runs/model/events.js';
import {RunRecord} from '../../source/runs/journal/record.js';
import {hostKeyAlias, installAliases} from '../../source/tunnel/ssh-config/install-aliases.js';
import type {SshQuestion, SshVerdict} from '../../source/tunnel/ssh-config/check-alias.js';
import {TurnedClock} from '../support/clock.js';
import {readyLife} from '../support/events.js';
import {temporaryFolder} from '../support/folders.js';
import {aliasTarget, sshPlaces, writeUserConfig} from '../support/ssh-places.js';
import {hasSshd, makeSshd} from '../support/sshd.js';

const name = 'fast-moth-1';

/** A real record on a clock of the test's, with a link that the test says the state of. */
async function world(check?: (question: SshQuestion) => Promise<SshVerdict>) {
	const paths = await sshPlaces();
	const clock = new TurnedClock();
	const context = {paths, clock} as unknown as RunContext;
	await mkdir(path.join(paths.runs, name, 'logs'), {recursive: true});
	const record = new RunRecord(context, name);
	await record.own();
	const life: RunEvent[] = readyLife();
	for (const event of life.slice(0, -1)) {
		await record.append(event);
	}

	const tunnels = {environment: {health: {status: 'connecting' as 'connecting' | 'up' | 'waiting'}}};
	const leave = new AbortController();
	onTestFinished(async () => {
		leave.abort();
		await record.release();
	});
	const watch = new AccessWatch(context, record, tunnels, {signal: leave.signal, check});
	return {
		...{paths, clock, record, watch, leave},
		link(status: 'up' | 'waiting') {
			tunnels.environment.health.status = status;
			record.changed();
		},
		ready: async () => record.append(life.at(-1) as RunEvent),
	};
}

/** A check whose answers the test gives, one question after the other. */
function scripted() {
	const questions: Array<{question: SshQuestion; answer: (verdict: SshVerdict) => void}> = [];
	const check = vi.fn(async (question: SshQuestion) => new Promise<SshVerdict>(answer => questions.push({question, answer})));
	return {check, questions};
}

const soon = async (act: () => void) => vi.waitFor(act, {timeout: 10_000, interval: 20});
/** Long enough for the record to have told of what changed. */
const quiet = async () => new Promise(resolve => setTimeout(resolve, 250));

/** One that has found out that it works. */
async function working() {
	const {check, questions} = scripted();
	const {watch, paths, clock, link, ready} = await world(check);
	await ready();
	link('up');
	await soon(() => expect(questions).toHaveLength(1));
	questions[0]?.answer({status: 'works'});
	await soon(() => expect(watch.health.status).toBe('works'));
	return {watch, paths, clock, link, questions};
}

describe('the watch over ssh NAME', () => {
	test('looks when the run is ready and its link is up, and not before', async () => {
		const {check, questions} = scripted();
		const {watch, link, ready} = await world(check);
		link('up');
		watch.check();
		await quiet();
		expect(check).not.toHaveBeenCalled();
		expect(watch.health.status).toBe('unknown');
		await ready();
		await soon(() => expect(questions).toHaveLength(1));
		expect(watch.health.status).toBe('checking');
		questions[0]?.answer({status: 'works'});
		await soon(() => expect(watch.health.status).toBe('works'));
	});

	test('what was found out does not hold while the link is lost; back again, it is found out anew', async () => {
		const {watch, clock, link, questions} = await working();
		clock.pass(60_000);
		link('waiting');
		await soon(() => expect(watch.health.status).toBe('unknown'));
		link('up');
		await soon(() => expect(questions).toHaveLength(2));
		questions[1]?.answer({status: 'fails', why: 'the cause', next: 'the way'});
		await soon(() => expect(watch.health).toMatchObject({status: 'fails', why: 'the cause', next: 'the way', at: clock.now()}));
	});

	test('never two at a time: who asks meanwhile gets one more after it', async () => {
		const {check, questions} = scripted();
		const {watch, link, ready} = await world(check);
		await ready();
		link('up');
		await soon(() => expect(questions).toHaveLength(1));
		watch.check();
		watch.check();
		await quiet();
		expect(questions).toHaveLength(1);
		questions[0]?.answer({status: 'works'});
		await soon(() => expect(questions).toHaveLength(2));
		questions[1]?.answer({status: 'works'});
		await soon(() => expect(watch.health.status).toBe('works'));
		await quiet();
		expect(questions).toHaveLength(2);
	});

	test('now and then while somebody looks at it, and not while nobody does', async () => {
		const {watch, clock, questions} = await working();
		clock.pass(3_600_000);
		await quiet();
		expect(questions).toHaveLength(1);
		expect(watch.health.status).toBe('works');
		const stop = watch.watch();
		clock.pass(30_000);
		await soon(() => expect(questions).toHaveLength(2));
		stop();
		questions[1]?.answer({status: 'works'});
		await soon(() => expect(watch.health.status).toBe('works'));
		clock.pass(3_600_000);
		await quiet();
		expect(questions).toHaveLength(2);
	});

	test('a login that was given too little time: the link says whether the server takes the key', async () => {
		const {watch, link, ready} = await world(async () => ({status: 'undecided'}));
		await ready();
		link('up');
		await soon(() => expect(watch.health.status).toBe('works'));
	});

	test('let go of, nothing ticks and nothing is said any more', async () => {
		const {check, questions} = scripted();
		const {watch, clock, link, ready, leave} = await world(check);
		await ready();
		link('up');
		await soon(() => expect(questions).toHaveLength(1));
		expect(clock.timers).toBe(1);
		leave.abort();
		expect(clock.timers).toBe(0);
		questions[0]?.answer({status: 'works'});
		watch.check();
		await quiet();
		expect(questions).toHaveLength(1);
		expect(watch.health.status).toBe('checking');
	});

	test('the first look lays the aliases: who attaches may have lost them', async () => {
		const {watch, paths, link, ready} = await world(async ({folder}) => {
			const text = await readFile(path.join(folder, 'ssh.config'), 'utf8');
			return text.includes('Port 2222') ? {status: 'works'} : {status: 'fails', why: text, next: ''};
		});
		await ready();
		link('up');
		await soon(() => expect(watch.health.status).toBe('works'));
		expect(await readFile(paths.userSshConfig, 'utf8')).toBe(`Include "${paths.sshConfig}"\n`);
	});

	test('the aliases of another run, or the same ones again, are no reason to look anew', async () => {
		const {watch, paths, clock, questions} = await working();
		clock.pass(30_000);
		await quiet();
		const known = questions.length;
		await installAliases(paths, await aliasTarget(paths, 'calm-owl-1'));
		clock.pass(30_000);
		await quiet();
		expect(questions).toHaveLength(known);
		expect(watch.health.status).toBe('works');
	});

	test.skipIf(!hasSshd)(
		'with OpenSSH: a config that is broken is noticed, and one that is mended again (needs sshd)',
		async () => {
			const sshd = await makeSshd(await temporaryFolder());
			const {paths, clock, record, watch, link, ready} = await world();
			const target = await aliasTarget(paths, name, sshd.destination.port);
			await writeFile(path.join(target.folder, 'id_ed25519'), sshd.identity.private, {mode: 0o600});
			await writeFile(path.join(target.folder, 'known_hosts'), `${hostKeyAlias(name)} ${sshd.hostKey.public}\n`);
			await writeUserConfig(paths, 'Host mine\n');
			await installAliases(paths, {...target, user: userInfo().username});
			await record.append({type: 'address', host: '127.0.0.1', port: sshd.destination.port, user: userInfo().username});
			await ready();
			link('up');
			await soon(() => expect(watch.health.status).toBe('works'));
			const pass = async (status: string) =>
				soon(() => {
					clock.pass(30_000);
					expect(watch.health.status).toBe(status);
				});
			clock.pass(30_000);
			await quiet();
			await writeUserConfig(paths, 'Host mine\n\tPrt 5\n');
			await pass('fails');
			expect(watch.health.why).toMatch(/line 2 of .*Bad configuration option|does not include/);
			await installAliases(paths, {...target, user: userInfo().username});
			await writeUserConfig(paths, `Include "${paths.sshConfig}"\nHost mine\n`);
			await pass('works');
		},
	);
});
