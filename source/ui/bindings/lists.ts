import {listLength} from './list-length.js';
import {gridTop} from '../screens/offers/offers.js';
import type {App} from '../store/app.js';
import type {Binding} from '../keymap.js';
import {bodyRows} from '../drawing/frame.js';
import type {ScreenName} from '../store/state.js';

const lists: readonly ScreenName[] = ['configurations', 'profiles', 'form', 'offers', 'plan', 'environments', 'backends'];

const move = (by: (page: number) => number) => (app: App) => {
	const state = app.state();
	app.moveTo(state.cursor[state.screen] + by(Math.max(1, bodyRows(state) - 6)), listLength(state));
	if (state.screen === 'offers') {
		app.set({gridTop: gridTop(app.state())});
	}
};

/** Moving in lists, with the keys that fingers know. */
export const moving: readonly Binding[] = [
	{id: 'down', keys: ['j', 'down'], screens: lists, title: 'Next line', run: move(() => 1)},
	{id: 'up', keys: ['k', 'up'], screens: lists, title: 'Previous line', run: move(() => -1)},
	{id: 'page-down', keys: ['pagedown', 'ctrl-f'], screens: lists, title: 'A page down', run: move(page => page)},
	{
		id: 'page-down-space',
		keys: ['space'],
		screens: ['configurations', 'profiles', 'environments', 'backends'],
		title: 'A page down',
		run: move(page => page),
	},
	{id: 'page-up', keys: ['pageup', 'ctrl-b'], screens: lists, title: 'A page up', run: move(page => -page)},
	{id: 'half-down', keys: ['ctrl-d'], screens: lists, title: 'Half a page down', run: move(page => Math.ceil(page / 2))},
	{id: 'half-up', keys: ['ctrl-u'], screens: lists, title: 'Half a page up', run: move(page => -Math.ceil(page / 2))},
	{id: 'first', keys: ['g', 'home'], screens: lists, title: 'First line', run: move(() => Number.NEGATIVE_INFINITY)},
	{id: 'last', keys: ['G', 'end'], screens: lists, title: 'Last line', run: move(() => Number.POSITIVE_INFINITY)},
];
