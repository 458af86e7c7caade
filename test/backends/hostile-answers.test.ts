import {createHash} from 'node:crypto';
import {mkdir, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {describe, expect, test, vi} from 'vitest';
import {parseGuestStatus} from '../../source/agents/machine/status.js';
import {checkedBackend, checkedInstance, checkedSource} from '../../source/backends/answers.js';
import {type Backend, BackendError, type Instance, type OfferSource} from '../../source/backends/backend.js';
import {createDockerRuntime} from '../../source/backends/local/docker/index.js';
import {createLocalBackend} from '../../source/backends/local/index.js';
import {findHosts, layout, readRunning} from '../../source/backends/local/process/layout.js';
import {createLambdaSource} from '../../source/backends/lambda/index.js';
import {createRunpodSource} from '../../source/backends/runpod/index.js';
import {vastFeed} from '../../source/offers/feeds/vast.js';
import {generateKeyPair} from '../../source/tunnel/connection/keys.js';
import {context, runFeed} from '../offers/feeds/support.js';
import {temporaryFolder} from '../support/folders.js';
import {
	expectDrawable,
	expectHarmless,
	expectHarmlessOffers,
	expectSaid,
	hostileAnswers,
	hostileTexts,
	hostileValues,
	mark,
} from '../support/hostile.js';
import {TestClock} from '../support/ui.js';
import {json, type Reply, serve} from './support/http.js';
import {calm, offerOf} from './support/launch.js';
import {listAll, makeSurroundings} from './support/surroundings.js';

/** Does something with each hostile version of an answer; a failure must have words. */
async function withEach<T>(answer: T, act: (answer: T, where: string) => Promise<void>, values = hostileValues): Promise<void> {
	for (const {path: leaf, answer: hostile} of hostileAnswers(answer, values)) {
		const where = `${leaf} of ${JSON.stringify(hostile)?.slice(0, 300)}`;
		try {
			await act(hostile, where);
		} catch (error) {
			if (error instanceof Error && error.name === 'AssertionError') {
				throw error;
			}

			expectSaid(error, where);
		}
	}
}

/** One hostile text of so many, and other types. */
const some = (of: number): unknown[] => [...hostileTexts.filter((_, index) => index % of === 0), null, -1, [], {}];

const instance: Instance = {
	id: 'r1/i-0123456789abcdef0',
	intentId: '7d0c2c1e-6c3f-4a53-9a1d-3f8f0a7f5b11',
	run: 'fast-moth-1',
	state: 'stopped',
	endpoint: {host: '203.0.113.7', port: 22, user: 'root'},
	workspace: '/workflow',
	stateFolder: '/run/dstack-tui',
	sharesNetwork: false,
	launchedAt: 1_700_000_000_000,
	offer: {region: 'r1', instanceType: 'small', spot: false},
	deadline: 1_700_000_100_000,
	reason: 'it shut itself down',
	next: 'Look at it.',
	leftWork: true,
	kept: {place: '/workflow in it', command: 'docker cp it:/workflow ./fast-moth-1'},
};

const textOf = (value: unknown): string => (typeof value === 'string' ? value : typeof value);

/** A backend that nobody wrote yet: it takes over whatever it is told. */
const careless = (told: Instance): Backend => ({
	name: 'cloud',
	deadline: 'guest',
	status: async () => ({backend: 'cloud', ready: true, notes: [told.reason ?? '']}),
	async *offers() {
		yield [];
	},
	launch: async (_intent, _signal, onProgress) => {
		onProgress({step: 'instance', text: textOf(told.reason), log: textOf(told.reason)});
		return told;
	},
	find: async () => told,
	describe: async () => told,
	async terminate() {
		throw new BackendError('unknown', textOf(told.reason), {next: textOf(told.next), zones: [textOf(told.run)]});
	},
	list: async () => [told],
});

describe('answers that mean harm', () => {
	test('an instance, of any backend: each field is what it has to be, or left out with the reason, or nothing is known of it', async () => {
		expect(checkedInstance('cloud', instance)).toEqual(instance);
		await withEach(instance, async (told, where) => {
			const backend = checkedBackend(careless(told));
			await backend.terminate('x').catch((error: unknown) => expectSaid(error, where));
			expectDrawable(await backend.status(calm()), where);
			for (const found of [await backend.describe('x'), await backend.find('x', offerOf()), ...(await backend.list('x', []))]) {
				expectHarmless(found as Instance, where);
			}
		});
	});

	test('one that cannot be named hides none of the others, and is told of', async () => {
		const backend = checkedBackend<Backend>({
			...careless(instance),
			list: async () => [{...instance, id: `x\n${mark}`}, instance],
		});
		const unanswered: string[] = [];
		expect(await backend.list('x', ['r1'], (region, error) => unanswered.push(`${region}: ${error.message}`))).toEqual([
			instance,
		]);
		expect(unanswered).toEqual([`r1: cloud's id of an instance is refused: 'x\\u{a}${mark}' is no identifier`]);
		await expect(backend.list('x', ['r1'])).rejects.toMatchObject({class: 'transient'});
	});

	test('an offer, of any source: it is one, or it is left out', async () => {
		await withEach(
			offerOf({zone: 'us-east-1a', gpus: [{vendor: 'nvidia', name: 'L4', count: 1, memory: 24_576}]}),
			async (offer, where) => {
				const source: OfferSource = checkedSource({
					...careless(instance),
					name: 'aws',
					async *offers(_requirements, _signal, note) {
						note?.(textOf(offer.priceSource));
						yield [offer];
					},
				});
				const {offers, notes} = await listAll(source);
				expectHarmlessOffers(offers, notes, where);
			},
		);
	});

	test('an offer of a price list is not launched where its names could be more than names', async () => {
		const backend = checkedBackend(careless(instance));
		for (const text of hostileTexts.filter(each => each !== '')) {
			for (const field of ['region', 'zone', 'instanceType']) {
				await expect(backend.find('x', offerOf({[field]: text})), `${field}: ${text}`).rejects.toMatchObject({
					class: 'configuration',
				});
			}
		}
	});

	test('a Docker engine: what it says of itself and of containers', async () => {
		const id = createHash('sha256').update('container').digest('hex');
		const good = {
			info: {NCPU: 4, MemTotal: 8e9, Runtimes: {runc: {}}, ServerVersion: '28.1.0'},
			list: [{Id: id}],
			inspect: {
				Id: id,
				Name: '/dstack-tui-fast-moth-1-7d0c2c1e',
				Config: {
					Labels: {
						'dstack-tui.run': 'fast-moth-1',
						'dstack-tui.intent': '7d0c2c1e-6c3f-4a53-9a1d-3f8f0a7f5b11',
						'dstack-tui.installation': 'x',
						'dstack-tui.launched-at': '1700000000000',
						'dstack-tui.login': 'root',
					},
				},
				State: {Running: true, Status: 'running', OOMKilled: false, ExitCode: 0, Error: ''},
				NetworkSettings: {Ports: {'10022/tcp': [{HostIp: '127.0.0.1', HostPort: '32768'}]}},
			},
		};
		let told = good;
		const asked: string[] = [];
		const answer = ({path: place}: {path: string}): Reply => {
			asked.push(place);
			return place.includes('/info')
				? json(told.info)
				: place.includes('/containers/json')
					? json(told.list)
					: /\/containers\/[\da-f]+\/json/.test(place)
						? json(told.inspect)
						: json({message: `hostile \u001B[31m${mark}`}, 404);
		};
		const {url} = await serve(answer);
		vi.stubEnv('DOCKER_HOST', url.replace('http:', 'tcp:'));
		const local = checkedBackend<Backend>({
			...createLocalBackend(),
			list: async installation => createDockerRuntime().list(installation),
		});
		expect(await local.list('x', [])).toMatchObject([{run: 'fast-moth-1', endpoint: {port: 32_768, user: 'root'}}]);
		const stopped = {
			...good,
			inspect: {...good.inspect, State: {...good.inspect.State, Running: false, Status: 'exited', Error: 'no'}},
		};
		for (const start of [good, stopped]) {
			await withEach(
				start,
				async (hostile, where) => {
					told = hostile;
					for (const found of await local.list('x', [])) {
						expectHarmless(found, where);
					}

					expectDrawable(await local.status(calm()), where);
				},
				some(2),
			);
		}

		expect(
			asked.filter(
				place => !/^\/(?:v[\d.]+\/)?(?:info|containers\/json\?|containers\/[\da-f]+\/(?:json|archive\?|logs\?))/.test(place),
			),
		).toEqual([]);
	}, 120_000);

	test('the files of a host process: nothing of them is a folder, a mark of processes, or a key that it is not', async () => {
		const home = await temporaryFolder();
		vi.stubEnv('DSTACK_TUI_HOME', home);
		const folder = path.join(home, 'runs', 'fast-moth-1', 'instance');
		await mkdir(folder, {recursive: true});
		const {public: authorizedKey} = await generateKeyPair('test');
		const host = {intentId: 'abc-1', run: 'fast-moth-1', installation: 'x', authorizedKey, launchedAt: 1};
		const running = {pid: 4_000_000, start: '1', port: 2222};
		const write = async (name: string, value: unknown) => writeFile(path.join(folder, name), JSON.stringify(value));
		await write('running.json', running);
		await write('host.json', host);
		expect(await findHosts()).toHaveLength(1);
		await withEach(host, async (hostile, where) => {
			await write('host.json', hostile);
			for (const {record, places} of await findHosts()) {
				expect(path.dirname(places.workspace), where).toBe(folder);
				expect(record.intentId, where).toMatch(/^[A-Za-z\d][\w./:-]*$/);
				expect(record.authorizedKey, where).toMatch(/^ssh-ed25519 [A-Za-z\d+/=]+( [ -~]*)?$/);
				expectDrawable(record, where);
			}
		});
		await write('host.json', host);
		const places = layout(folder, host.run);
		await withEach(running, async (hostile, where) => {
			await write('running.json', hostile);
			const read = await readRunning(places);
			expect(Number.isInteger(read?.port) && (read?.port ?? 0) > 0 && Number.isInteger(read?.pid), where).toBe(true);
		});
	});

	test('Lambda and RunPod: what they list', async () => {
		const types = {
			data: {
				gpu_1x_a10: {
					instance_type: {
						name: 'gpu_1x_a10',
						description: '1x A10 (24 GB PCIe)',
						gpu_description: 'A10 (24 GB PCIe)',
						price_cents_per_hour: 75,
						specs: {vcpus: 30, memory_gib: 200, storage_gib: 1400, gpus: 1},
						architecture: 'x86_64',
					},
					regions_with_capacity_available: [{name: 'us-east-1', description: 'Virginia'}],
				},
			},
		};
		const overview = {
			dataCenters: [{id: 'EU-RO-1', listed: true}],
			gpuTypes: [
				{
					...{id: 'NVIDIA A40', displayName: 'A40', manufacturer: 'Nvidia', memoryInGb: 48, maxGpuCount: 1},
					...{securePrice: 0.4, secureSpotPrice: 0.2, communityPrice: 0.3, communitySpotPrice: 0.1},
				},
			],
		};
		const stock = {
			gpuTypes: [
				{id: 'NVIDIA A40', c1: {stockStatus: 'High', minVcpu: 9, minMemory: 50, minimumBidPrice: 0.2, uninterruptablePrice: 0.4}},
			],
		};
		const good = {types, overview, stock, failure: {error: {code: 'global/x', message: 'no'}}};
		let told = good;
		let status = 200;
		const {url} = await serve(({path: place, body}) =>
			status !== 200
				? json(told.failure, status)
				: place.includes('instance-types')
					? json(told.types)
					: json({data: body.includes('dataCenters') ? told.overview : told.stock}),
		);
		const surroundings = await makeSurroundings({
			'config/backends.yml': `backends:
  - {type: lambda, creds: {type: api_key, api_key: secret_aaaaaaaaaaaaaaaaaaaaaaaa}, endpoint: ${url}}
  - {type: runpod, creds: {type: api_key, api_key: rpa_AAAAAAAAAAAAAAAAAAAAAAAA}, endpoint: ${url}/graphql}
`,
		});
		const look = async (where: string) => {
			for (const source of [
				createLambdaSource({surroundings, clock: new TestClock()}),
				createRunpodSource({surroundings, clock: new TestClock()}),
			]) {
				const {offers, notes} = await listAll(checkedSource(source));
				expectHarmlessOffers(offers, notes, where);
				if (where === 'good') {
					expect(offers, source.name).not.toEqual([]);
				}
			}
		};
		await look('good');
		await withEach(
			good,
			async (hostile, where) => {
				told = hostile;
				status = where.startsWith('failure') ? 500 : 200;
				await look(where);
			},
			some(3),
		);
	}, 120_000);

	test('a price list: what it says is drawn, and nothing more', async () => {
		const row = {
			...{
				id: 8_812_345,
				gpu_name: 'RTX A5000',
				gpu_arch: 'nvidia',
				num_gpus: 1,
				gpu_ram: 24_564,
				gpu_frac: 0.125,
				cpu_arch: 'amd64',
			},
			...{
				cpu_cores: 32,
				cpu_cores_effective: 4,
				cpu_ram: 128_576,
				disk_space: 500.5,
				dph_base: 0.2,
				dph_total: 0.2021,
				min_bid: 0.08,
			},
			...{
				storage_cost: 0.144,
				reliability2: 0.998,
				geolocation: 'Bulgaria, BG, EU',
				rentable: true,
				rented: false,
				verification: 'verified',
			},
		};
		let told: unknown = row;
		const {url} = await serve(() => json({offers: [told]}));
		const {facts} = await runFeed(vastFeed, context({vast: url}));
		expect(facts).not.toEqual([]);
		await withEach(
			row,
			async (hostile, where) => {
				told = hostile;
				const {facts: found, summary} = await runFeed(vastFeed, context({vast: url}));
				expectDrawable(found, where);
				expectDrawable(summary, where);
			},
			some(2),
		);
	}, 120_000);

	test("a machine's guard: what it tells of connections, deadlines and notices", async () => {
		const good = {
			at: 1_700_000_000,
			deadline: 1_700_003_600,
			lease: 1_700_001_800,
			connections: [{from: '203.0.113.7', since: 1_700_000_000}],
			idleSince: 1_700_000_000,
			ends: {at: 1_700_003_600, why: 'deadline'},
			notice: {action: 'terminate', time: 1_700_000_120},
		};
		expect(parseGuestStatus(JSON.stringify(good))).toEqual(good);
		await withEach(good, async (hostile, where) => expectDrawable(parseGuestStatus(JSON.stringify(hostile)), where));
	});
});
