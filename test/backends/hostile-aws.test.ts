import process from 'node:process';
import {type IncomingMessage, request} from 'node:http';
import {describe, expect, onTestFinished, test} from 'vitest';
import {checkedBackend} from '../../source/backends/answers.js';
import {createAwsBackend} from '../../source/backends/aws/launch/backend.js';
import {ImageBook} from '../../source/backends/aws/launch/images.js';
import {createAwsOperations} from '../../source/backends/aws/launch/operations.js';
import {createAwsSource} from '../../source/backends/aws/index.js';
import type {Backend, Instance} from '../../source/backends/backend.js';
import {startEc2} from '../support/ec2/index.js';
import {expectDrawable, expectHarmless, expectHarmlessOffers, expectSaid, hostileTexts, mark} from '../support/hostile.js';
import {TestClock} from '../support/ui.js';
import {serveRaw} from './support/http.js';
import {
	accountOf,
	calm,
	installation,
	intentOf,
	limits,
	offerOf,
	pricesFor,
	SkippingClock,
	startCheckip,
} from './support/launch.js';
import {listAll} from './support/surroundings.js';

/** What each element of EC2's XML, or member of a JSON answer, is replaced by: its name decides. */
type Lies = ReadonlyMap<string, string>;

const escaped = (text: string): string =>
	[...text]
		.map(each => (/[A-Za-z\d ./:-]/.test(each) || (each.codePointAt(0) ?? 0) > 0xff ? each : `&#${each.codePointAt(0)};`))
		.join('');

const leaf = /<([A-Za-z]\w*)>([^<>]+)<\/\1>/g;
const member = /"(\w+)":("(?:[^"\\]|\\.)*"|-?\d[\d.e+-]*|true|false)/g;

/** The same question to EC2, for whose own host it is signed. */
const forward = async (target: string, {url, method, headers}: IncomingMessage, body: string) =>
	new Promise<{status: number; type: string; text: string}>((resolve, reject) => {
		const asked = request(new URL(url ?? '/', target), {method, headers}, async answer => {
			const pieces: Buffer[] = [];
			for await (const piece of answer) {
				pieces.push(piece as Buffer);
			}

			const text = Buffer.concat(pieces).toString('utf8');
			resolve({status: answer.statusCode ?? 500, type: answer.headers['content-type'] ?? 'text/xml', text});
		});
		asked.on('error', reject).end(body);
	});

/** Stands between the program and EC2, and lies. */
async function startLiar(target: string): Promise<{url: string; lies: {current: Lies}; seen: Set<string>}> {
	const lies: {current: Lies} = {current: new Map()};
	const seen = new Set<string>();
	const {url} = await serveRaw(async (incoming, response, body) => {
		const answer = await forward(target, incoming, body);
		const text = answer.text
			.replace(leaf, (whole, name: string) => {
				seen.add(name);
				const lie = lies.current.get(name);
				return lie === undefined ? whole : `<${name}>${escaped(lie)}</${name}>`;
			})
			.replace(member, (whole, name: string) => {
				seen.add(name);
				const lie = lies.current.get(name);
				return lie === undefined ? whole : `"${name}":${JSON.stringify(lie)}`;
			});
		response.writeHead(answer.status, {'content-type': answer.type});
		response.end(text);
	});
	return {url, lies, seen};
}

/** Everything that the program asks AWS for, once: what came of each question, and nothing of it harmful. */
async function live(aws: Backend, where: string): Promise<Instance | undefined> {
	const attempt = async <T>(name: string, act: () => Promise<T>): Promise<T | undefined> => {
		try {
			const result = await act();
			expectDrawable(result, `${where}, ${name}`);
			return result;
		} catch (error) {
			expectSaid(error, `${where}, ${name}`);
			return undefined;
		}
	};

	const status = await attempt('status', async () => aws.status(calm()));
	expect(status, where).toBeDefined();
	try {
		const {offers, notes} = await listAll(aws, {regions: ['us-east-1']});
		expectHarmlessOffers(offers, notes, where);
	} catch (error) {
		expectSaid(error, `${where}, offers`);
	}

	await attempt('check', async () => aws.check?.(offerOf(), calm()) ?? []);
	const made = await attempt('launch', async () => aws.launch(intentOf(), calm(), progress => expectDrawable(progress, where)));
	const found = await attempt('find', async () => aws.find(intentOf().id, offerOf()));
	const listed = await attempt('list', async () =>
		aws.list(installation, ['us-east-1'], (region, error) => {
			expectDrawable(region, where);
			expectSaid(error, `${where}, list`);
		}),
	);
	for (const instance of [made, found, ...(listed ?? [])]) {
		if (instance) {
			expectHarmless(instance, where);
			expect(aws.byHand?.(instance.id).command, where).toMatch(
				/^aws ec2 terminate-instances --region [a-z\d-]+ --instance-ids i-[\da-f]+$/,
			);
			await attempt('describe', async () => aws.describe(instance.id));
			await attempt('admit', async () => aws.admit?.(instance.id, calm()) ?? []);
		}
	}

	await attempt('sweep', async () => aws.sweep?.(installation, ['us-east-1']) ?? []);
	return made ?? found ?? listed?.[0];
}

async function startLife() {
	const clock = new TestClock();
	const ec2 = await startEc2({clock});
	onTestFinished(async () => ec2.close());
	const checkip = await startCheckip();
	const liar = await startLiar(ec2.url);
	const program = new SkippingClock(clock);
	const surroundings = await accountOf(liar.url, `checkip: ${checkip.url}\nregions: [us-east-1]\n`);
	const source = createAwsSource({surroundings, clock: program, limits, pricesFor});
	const operations = createAwsOperations({
		...{surroundings, clock: program, limits, launchLimit: limits.request, pricesFor},
		images: new ImageBook(),
		userData: ({id}) => `#cloud-config\n# ${id}\n`,
	});
	const aws = checkedBackend<Backend>(createAwsBackend(source, operations, program));
	return {ec2, liar, aws};
}

describe('an EC2 that lies', () => {
	test('in an address: what is refused is said, and it can be ended all the same', async () => {
		const {ec2, liar, aws} = await startLife();
		liar.lies.current = new Map([['ipAddress', `203.0.113.9\n\tProxyCommand touch ${mark}`]]);
		const instance = await aws.launch(intentOf(), calm(), () => undefined);
		expect(instance).toMatchObject({
			state: 'running',
			endpoint: undefined,
			refused: [`its address is refused: '203.0.113.9\\u{a}\\u{9}ProxyCommand touch ${mark}' is no host address`],
		});
		await aws.terminate(instance.id);
		expect(ec2.alive()).toEqual([]);
	});

	test('in the name of the instance that it made: it is not known whether there is one, and none of its words are taken', async () => {
		const {liar, aws} = await startLife();
		liar.lies.current = new Map([['instanceId', `i-0123456789abcdef0\nHost *\n\tProxyCommand touch ${mark}`]]);
		await expect(aws.launch(intentOf(), calm(), () => undefined)).rejects.toMatchObject({class: 'transient'});
		const unanswered: string[] = [];
		expect(await aws.list(installation, ['us-east-1'], (_region, error) => unanswered.push(error.message))).toEqual([]);
		expect(unanswered).toHaveLength(1);
	});

	test("in a region's name: it is not asked there, with the credentials", async () => {
		const {liar, aws} = await startLife();
		liar.lies.current = new Map([['regionName', 'evil.example/#']]);
		const {offers, notes} = await listAll(aws);
		expect(offers).toEqual([]);
		expect(notes.join('\n')).toMatch(/regions are left out: AWS has none that are called so/);
	});

	test('in a tag: the run is called what a run can be called', async () => {
		const {liar, aws} = await startLife();
		await aws.launch(intentOf(), calm(), () => undefined);
		liar.lies.current = new Map([['value', `../../../tmp/${mark}`]]);
		const [listed] = await aws.list(installation, ['us-east-1']);
		expect(listed).toMatchObject({
			run: 'unnamed',
			refused: [expect.stringMatching(/^its token is refused/), expect.stringMatching(/^its run's name is refused/)],
		});
	});

	test('in any field at all, with anything: no text of it becomes more than text, and what lives can be ended', async () => {
		const first = await startLife();
		const honest = await live(first.aws, 'honest');
		expectHarmless(honest as Instance, 'honest');
		expect(honest?.endpoint).toBeDefined();
		await first.aws.terminate((honest as Instance).id);
		const names = [...first.liar.seen];
		expect(names.length).toBeGreaterThan(60);
		const {ec2, liar, aws} = await startLife();
		for (const [index, name] of names.entries()) {
			for (const step of process.env['LONG'] ? hostileTexts.keys() : [0]) {
				const lie = hostileTexts[(index * 7 + step) % hostileTexts.length] ?? '';
				liar.lies.current = new Map([[name, lie]]);
				await live(aws, `${name} = ${JSON.stringify(lie.slice(0, 60))}`);
				liar.lies.current = new Map();
				const left = await aws.list(installation, ['us-east-1']);
				await Promise.all(left.map(async ({id}) => aws.terminate(id)));
				expect(ec2.alive(), name).toEqual([]);
			}
		}
	}, 300_000);
});
