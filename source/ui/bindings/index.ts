import type {Binding} from '../keymap.js';
import {choosing} from './choosing.js';
import {form} from './form.js';
import {general} from './general.js';
import {moving} from './lists.js';
import {running} from './running.js';

/** Every key of the program, those that belong to one screen first: the line of keys keeps this order. */
export const bindings: readonly Binding[] = [...choosing, ...form, ...running, ...moving, ...general];
