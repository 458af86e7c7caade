import {describe, expect, it} from 'vitest';
import {vultrFeed} from '../../../source/offers/feeds/vultr.js';
import {json, web} from '../../support/web.js';
import {context, gb, runFeed} from './support.js';

const cpuPlan = {
	id: 'vc2-2c-4gb',
	vcpu_count: 2,
	ram: 4096,
	disk: 80,
	disk_count: 1,
	bandwidth: 3072,
	monthly_cost: 20,
	hourly_cost: 0.027,
	type: 'vc2',
	locations: ['fra', '', 'ord'],
};
const gpuPlan = (given: Record<string, unknown> = {}) => ({
	id: 'vcg-a100-1c-6g-4vram',
	vcpu_count: 1,
	ram: 6144,
	disk: 70,
	hourly_cost: 0.123,
	type: 'vcg',
	locations: ['ewr'],
	gpu_vram_gb: 4,
	gpu_type: 'NVIDIA_A100',
	...given,
});
const metalPlan = (given: Record<string, unknown> = {}) => ({
	id: 'vbm-112c-2048gb-8-h100-gpu',
	physical_cpus: 2,
	cpu_count: 112,
	cpu_cores: 112,
	cpu_threads: 224,
	cpu_model: 'Platinum 8480+',
	ram: 2_097_152,
	disk: 960,
	hourly_cost: 23.92,
	monthly_cost_preemptible: 12_364.8,
	hourly_cost_preemptible: 18.4,
	type: 'NVMe',
	locations: ['sea'],
	...given,
});

async function read(plans: readonly unknown[], metal: readonly unknown[] = []) {
	const {url, asked} = await web(({path}, response) => {
		const {pathname, searchParams} = new URL(path, 'http://localhost');
		if (pathname === '/plans-metal') {
			json(response, {plans_metal: metal, meta: {total: metal.length, links: {next: '', prev: ''}}});
		} else {
			// One plan a page.
			const at = Number(searchParams.get('cursor') ?? 0);
			json(response, {
				plans: plans.slice(at, at + 1),
				meta: {total: plans.length, links: {next: at + 1 < plans.length ? String(at + 1) : '', prev: ''}},
			});
		}
	});
	return {...(await runFeed(vultrFeed, context({vultr: url}))), asked};
}

const gpus = (facts: Awaited<ReturnType<typeof read>>['facts']) =>
	facts.map(({gpu}) => gpu && [gpu.vendor, gpu.name, gpu.count, gpu.memory / gb]);

describe('Vultr', () => {
	it('has each plan where it is sold, page after page', async () => {
		const {facts, asked, summary} = await read([cpuPlan, gpuPlan()], [metalPlan()]);
		expect(
			facts.map(({region, instanceType, cpu, memory, disk, price}) => [region, instanceType, cpu, memory, disk, price]),
		).toEqual([
			['fra', 'vc2-2c-4gb', 2, 4096, 80 * gb, 0.027],
			['ord', 'vc2-2c-4gb', 2, 4096, 80 * gb, 0.027],
			['ewr', 'vcg-a100-1c-6g-4vram', 1, 6144, 70 * gb, 0.123],
			['sea', 'vbm-112c-2048gb-8-h100-gpu', 224, 2_097_152, 960 * gb, 23.92],
		]);
		expect(facts[0]).toMatchObject({backend: 'vultr', availability: 'unknown', spot: false, architecture: 'x86_64'});
		expect(asked.map(({path}) => path)).toEqual([
			'/plans?type=all&per_page=500',
			'/plans?type=all&per_page=500&cursor=1',
			'/plans-metal?per_page=500',
		]);
		expect(summary.leftOut).toBe(0);
	});

	it.each<[string, Record<string, unknown>, unknown[]]>([
		['a twentieth of an A100 of 80 GB', {}, ['nvidia', 'A100', 0.05, 4]],
		['half of one', {gpu_vram_gb: 40}, ['nvidia', 'A100', 0.5, 40]],
		['a whole one', {gpu_vram_gb: 80, gpu_type: 'NVIDIA_A100_SXM'}, ['nvidia', 'A100', 1, 80]],
		['two', {gpu_vram_gb: 160}, ['nvidia', 'A100', 2, 80]],
		['an eighth of an A16', {gpu_type: 'NVIDIA_A16', gpu_vram_gb: 2}, ['nvidia', 'A16', 0.125, 2]],
		[
			'known by its name alone',
			{id: 'vcg-a40-24c-120g-48vram', type: 'vdm', gpu_type: null, gpu_vram_gb: undefined, gpu_brand: 'NVIDIA'},
			['nvidia', 'A40', 1, 48],
		],
		[
			'of AMD',
			{id: 'vcg-mi325x-252c-2872g-2048vram', gpu_type: null, gpu_vram_gb: null, gpu_brand: 'AMD'},
			['amd', 'MI325X', 8, 256],
		],
	])('a virtual machine has %s', async (_, given, gpu) => {
		expect(gpus((await read([gpuPlan(given)])).facts)).toEqual([gpu]);
	});

	it.each<[string, unknown[]]>([
		['vbm-112c-2048gb-8-h100-gpu', ['nvidia', 'H100', 8, 80]],
		['vbm-48c-1024gb-4-a100-gpu', ['nvidia', 'A100', 4, 80]],
		['vbm-64c-2048gb-8-l40-gpu', ['nvidia', 'L40S', 8, 48]],
		['vbm-72c-480gb-gh200-gpu', ['nvidia', 'GH200', 1, 96]],
		['vbm-256c-2048gb-8-mi300x-gpu', ['amd', 'MI300X', 8, 192]],
	])('the machine %s has its cards', async (id, gpu) => {
		const {facts} = await read([], [metalPlan({id})]);
		expect(gpus(facts)).toEqual([gpu]);
		expect(facts[0]?.architecture).toBe(id.includes('gh200') ? 'arm64' : 'x86_64');
	});

	it('takes the number of cards from the plan where it is there', async () => {
		const {facts} = await read([], [metalPlan({id: 'vbm-256c-3072gb-8-mi325x-gpu', gpu_count: 8, gpu_vram_gb: 2048})]);
		expect(gpus(facts)).toEqual([['amd', 'MI325X', 8, 256]]);
	});

	it('leaves out what has a card and does not say which, what is only preemptible, and what is odd', async () => {
		const {facts, summary} = await read([
			cpuPlan,
			gpuPlan({gpu_type: 'NVIDIA_X9000'}),
			gpuPlan({id: 'odd-gpu', gpu_type: undefined, gpu_brand: 'NVIDIA'}),
			gpuPlan({deploy_ondemand: false}),
			{...cpuPlan, id: 'free', hourly_cost: 0},
			{...cpuPlan, locations: 'everywhere'},
		]);
		expect(new Set(facts.map(({instanceType}) => instanceType))).toEqual(new Set(['vc2-2c-4gb']));
		expect(summary.reasons.map(({reason}) => reason)).toEqual(
			expect.arrayContaining([
				'a GPU whose memory is not known (X9000)',
				'a plan that does not say which GPU it has',
				'sold as preemptible only',
				'a price of zero',
			]),
		);
	});

	it('never reads pages for ever', async () => {
		const {url, asked} = await web((_, response) => json(response, {plans: [], meta: {links: {next: 'more'}}}));
		await expect(runFeed(vultrFeed, context({vultr: url}))).rejects.toThrow(/more than 20 pages/);
		expect(asked).toHaveLength(20);
	});
});
