import {awsFeed} from './aws.js';
import {azureFeed} from './azure.js';
import {dstackFeed} from './dstack.js';
import type {Feed} from './feed.js';
import {runpodFeed} from './runpod.js';
import {vastFeed} from './vast.js';
import {vultrFeed} from './vultr.js';

/** The feeds of one cloud, the best first: the next one is asked only where the one before failed, and must list as much. */
export type Cloud = {readonly backend: string; readonly feeds: readonly Feed[]};

const cloud = (...feeds: readonly [Feed, ...Feed[]]): Cloud => ({backend: feeds[0].backend, feeds});

/** Every cloud whose prices can be had without credentials, the ones that take longest first. */
export const clouds: readonly Cloud[] = [
	cloud(azureFeed),
	cloud(awsFeed),
	cloud(runpodFeed, dstackFeed('runpod')),
	cloud(dstackFeed('gcp')),
	cloud(vastFeed),
	cloud(vultrFeed),
	cloud(dstackFeed('oci')),
	cloud(dstackFeed('lambdalabs')),
	cloud(dstackFeed('nebius')),
	cloud(dstackFeed('verda')),
	cloud(dstackFeed('cloudrift')),
];
