import {describe, expect, it} from 'vitest';
import {columnById, columns} from '../../source/offers/columns.js';
import {sortRows} from '../../source/offers/sort.js';
import {tableOf} from '../support/ui.js';
import {gpu, offer} from './support.js';

describe('columns', () => {
	it.each([
		['backend', offer({backend: 'aws'}), offer({backend: 'gcp'})],
		['region', offer({region: 'eu'}), offer({region: 'us'})],
		['instance', offer({instanceType: 'a'}), offer({instanceType: 'b'})],
		['cpu', offer({cpu: 2}), offer({cpu: 16})],
		['memory', offer({memory: 2048}), offer({memory: 16_384})],
		['gpu', offer({gpus: [gpu({count: 1})]}), offer({gpus: [gpu({count: 8})]})],
		['gpu', offer({gpus: [gpu()]}), offer()],
		['spot', offer({spot: true}), offer({spot: false})],
		['price', offer({price: 0.9}), offer({price: 10})],
		['gpu-price', offer({price: 8, gpus: [gpu({count: 8})]}), offer({price: 2, gpus: [gpu()]})],
		['gpu-price', offer({price: 90, gpus: [gpu()]}), offer({price: 1, gpus: []})],
	] as const)('%s puts the one before the other', (id, first, second) => {
		const table = tableOf([
			{...second, id: 'second', instanceType: id === 'instance' ? second.instanceType : 'second'},
			{...first, id: 'first', instanceType: id === 'instance' ? first.instanceType : 'first'},
		]);
		const ids = (descending: boolean) =>
			[...sortRows(table, table.listed(), [{column: id, descending}])].map(row => table.offer(row).id);
		expect(ids(false)).toEqual(['first', 'second']);
		// What has no value is last either way.
		expect(ids(true)).toEqual(
			(id === 'gpu' || id === 'gpu-price') && second.gpus.length === 0 ? ['first', 'second'] : ['second', 'first'],
		);
	});

	it.each([
		['cpu', offer({cpu: 4}), '4'],
		['memory', offer({memory: 32 * 1024}), '32GB'],
		['gpu', offer(), '-'],
		['gpu', offer({gpus: [gpu({name: 'L40S', memory: 48 * 1024})]}), '1×L40S 48GB'],
		['spot', offer({spot: true}), 'yes'],
		['spot', offer({spot: false}), 'no'],
		['price', offer({price: 0.65}), '0.65'],
		['gpu-price', offer({price: 1.3, gpus: [gpu({count: 2})]}), '0.65'],
		['gpu-price', offer(), '-'],
		['deadline', offer({deadline: 'provider'}), '● provider'],
		['deadline', offer({deadline: 'guest'}), '● guest'],
	] as const)('%s shows %j as %s', (id, given, text) => {
		expect(columnById(id).format(given, {now: 0})).toBe(text);
	});

	it('an instance that nothing ends is told by more than a colour', () => {
		const texts = (['provider', 'guest', 'none'] as const).map(deadline =>
			columnById('deadline').format(offer({deadline}), {now: 0}),
		);
		expect(new Set(texts).size).toBe(3);
	});

	it('are each there once', () => {
		expect(new Set(columns.map(({id}) => id)).size).toBe(columns.length);
		expect(columns.map(({id}) => columnById(id))).toEqual(columns);
	});
});
