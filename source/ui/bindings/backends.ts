import type {Binding} from '../keymap.js';
import {openBackends, testBackends} from '../store/backends.js';

export const backends: readonly Binding[] = [
	{
		id: 'backends',
		keys: ['B'],
		screens: ['configurations', 'profiles', 'form', 'offers', 'plan'],
		title: 'Show the backends: what is set up, what answers, what is missing',
		footer: 'backends',
		run: openBackends,
	},
	{
		id: 'test-backends',
		keys: ['r'],
		screens: ['backends'],
		title: 'Test all of them again',
		footer: 'test again',
		run: app => void testBackends(app),
	},
];
