import type {Binding} from '../keymap.js';
import {backends} from './backends.js';
import {choosing} from './choosing.js';
import {form} from './form.js';
import {general} from './general.js';
import {moving} from './lists.js';
import {offers} from './offers.js';
import {ports, portsToo} from './ports.js';
import {running} from './running.js';

/** Every key of the program, those that belong to one screen first: the line of keys keeps this order. */
export const bindings: readonly Binding[] = [
	...choosing,
	...offers,
	...form,
	...ports,
	...running,
	...portsToo,
	...backends,
	...moving,
	...general,
];
