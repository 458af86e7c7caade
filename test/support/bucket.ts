import {csv, makeZip} from '../offers/feeds/support.js';
import type {Answer} from './web.js';

/** What dstack's published catalogues answer for one provider; it can be turned while it is asked. */
export type Bucket = {
	version: string;
	modified: string;
	lines: readonly string[];
	/** Answered to everything instead. */
	broken: number | undefined;
	readonly answer: Answer;
};

export function makeBucket(provider: string, lines: readonly string[], version = '20261123-1'): Bucket {
	const bucket: Bucket = {
		version,
		modified: 'Mon, 23 Nov 2026 01:00:00 GMT',
		lines,
		broken: undefined,
		answer({path}, response) {
			if (bucket.broken !== undefined) {
				response.writeHead(bucket.broken).end();
			} else if (path.endsWith(`/${provider}/version`)) {
				response.writeHead(200).end(bucket.version);
			} else if (path.endsWith(`/${provider}/${bucket.version}/catalog.zip`)) {
				response.writeHead(200, {'last-modified': bucket.modified}).end(makeZip(`${provider}.csv`, csv(...bucket.lines)));
			} else {
				response.writeHead(404).end();
			}
		},
	};
	return bucket;
}

/** A line of such a catalogue: 8 CPUs, 32 GB and an L4. */
export const bucketLine = (type: string, region: string, price: number): string =>
	`${type},${region},${price},8,32.0,1,L4,24.0,False,,nvidia,,x86,{}`;
