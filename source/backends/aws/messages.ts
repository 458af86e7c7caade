import type {Requirements} from '../../configuration/model.js';
import type {Offer} from '../../offers/offer.js';
import type {BackendErrorClass, BackendStatus, LaunchProgress, PriceHistory, SpotMarket} from '../backend.js';
import type {Surroundings} from '../settings/index.js';
import type {Image} from './launch/images.js';
import type {OperationCall} from './launch/remote.js';
import type {KnownPrice} from '../../offers/on-demand-price.js';

/** From the program to the process that asks. `id` is a question's. */
export type Question =
	/** Comes first, and once. `images` is what earlier processes found, for an `ImageBook`. */
	| {readonly type: 'start'; readonly surroundings: Surroundings; readonly images: ReadonlyMap<string, Image>}
	| {readonly type: 'status'; readonly id: number}
	| {readonly type: 'offers'; readonly id: number; readonly requirements: Requirements}
	/** The offers that were sent are taken in: the next ones may come. */
	| {readonly type: 'taken'; readonly id: number}
	| {readonly type: 'history'; readonly id: number; readonly market: SpotMarket}
	| {readonly type: 'call'; readonly id: number; readonly call: OperationCall}
	| {readonly type: 'prices'; readonly ask: number; readonly prices: ReadonlyMap<string, KnownPrice>}
	| {readonly type: 'no prices'; readonly ask: number; readonly message: string}
	| {readonly type: 'leave'; readonly id: number};

/** From the process to the program. */
export type Answer =
	| {readonly type: 'offers'; readonly id: number; readonly offers: Offer[]}
	| {readonly type: 'note'; readonly id: number; readonly line: string}
	| {readonly type: 'progress'; readonly id: number; readonly progress: LaunchProgress}
	/** To be told to the processes that come later. */
	| {readonly type: 'image'; readonly key: string; readonly image: Image | undefined}
	/** It needs the prices of these types, and waits for them. */
	| {readonly type: 'prices'; readonly ask: number; readonly region: string; readonly instanceTypes: readonly string[]}
	| {
			readonly type: 'done';
			readonly id: number;
			readonly status?: BackendStatus;
			readonly history?: PriceHistory;
			/** What a call returned. */
			readonly result?: unknown;
	  }
	/** An error does not keep its class on the way. */
	| {
			readonly type: 'failed';
			readonly id: number;
			readonly class: BackendErrorClass | undefined;
			readonly message: string;
			readonly next: string | undefined;
			readonly zones: readonly string[];
	  };
