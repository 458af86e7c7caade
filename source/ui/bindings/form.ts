import type {Binding} from '../keymap.js';
import {clearRow, chosenRow, editRow, turnRow} from '../store/form.js';
import {loadOffers} from '../store/loading.js';
import {offerSave} from '../store/saving.js';
import type {AppState, ScreenName} from '../store/state.js';

const screens: readonly ScreenName[] = ['form'];
const hasValues = (state: AppState): boolean => chosenRow(state).values !== undefined;

export const form: readonly Binding[] = [
	{
		id: 'edit-wish',
		keys: ['enter'],
		screens,
		title: 'Change it for this run',
		footer: 'change',
		run: editRow,
	},
	{
		id: 'turn',
		keys: ['right', 'space', 'l'],
		screens,
		title: 'Next of the words',
		footer: 'next',
		when: hasValues,
		run: app => turnRow(app, 1),
	},
	{id: 'turn-back', keys: ['left', 'h'], screens, title: 'The word before', when: hasValues, run: app => turnRow(app, -1)},
	{
		id: 'clear-wish',
		keys: ['backspace', 'delete', 'x'],
		screens,
		title: 'Take the change back',
		footer: 'take back',
		run: clearRow,
	},
	{
		id: 'save-wishes',
		keys: ['S'],
		screens,
		title: 'Save the changes to the profile or the configuration',
		footer: 'save',
		disabled: ({flags}) =>
			Object.values(flags).some(value => value !== undefined) ? undefined : 'Nothing was changed for this run',
		run: offerSave,
	},
	{
		id: 'form-offers',
		keys: ['o'],
		screens,
		title: 'The offers',
		footer: 'offers',
		run(app) {
			if (!app.back()) {
				app.go('offers');
				void loadOffers(app);
			}
		},
	},
];
