import process from 'node:process';
import {expect, test} from 'vitest';
import {soakMonitor} from '../bench/soak-monitor.js';

/** A frame for each second: 100,000 are more than a day. */
const frames = process.env['LONG'] === undefined ? 400 : 100_000;
/** Megabytes. Measured: 29.2 after 3000 frames, 30.6 after 18,000, 29.4 after 21,000: caches fill and are emptied. */
const limit = process.env['LONG'] === undefined ? 4 : 6;
const mib = 1024 * 1024;

test(
	`${frames} frames of the monitor take no memory, a second of it few bytes, and without the focus none`,
	{timeout: 7_200_000},
	async () => {
		const {points, unfocused} = await soakMonitor(frames);
		expect(points).toHaveLength(11);
		const [first, last] = [points[2]!, points.at(-1)!];
		const grown = (last.heapUsed - first.heapUsed) / mib;
		const each = (last.bytes - first.bytes) / (last.second - first.second);
		console.info(
			`${frames} frames: ${each.toFixed(0)} bytes each, heap ${(first.heapUsed / mib).toFixed(1)} MB and ${grown.toFixed(1)} MB more`,
		);
		expect(grown).toBeLessThan(limit);
		expect(each).toBeGreaterThan(100);
		expect(each).toBeLessThan(1500);
		expect(unfocused).toBe(0);
	},
);
