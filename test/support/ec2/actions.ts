import {catalogueActions} from './actions-catalogue.js';
import {instanceActions} from './actions-instances.js';
import {keyActions} from './actions-keys.js';
import {networkActions} from './actions-network.js';
import {storageActions} from './actions-storage.js';
import type {Region} from './records.js';
import type {Value} from './wire.js';
import type {World} from './world.js';

/** What an action works on. */
export type Place = {readonly world: World; readonly region: Region};

/** Does an action's work and returns its output. Throws `Ec2Error`. */
export type Action = (input: never, place: Place) => Value;

/** The actions that the stand-in has, by name. */
export const actions: Readonly<Record<string, Action>> = {
	...instanceActions,
	...networkActions,
	...keyActions,
	...storageActions,
	...catalogueActions,
};
