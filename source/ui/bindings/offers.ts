import type {Binding} from '../keymap.js';
import {chooseOffer} from '../store/choosing.js';
import {loadOffers} from '../store/loading.js';
import {explanationOf, takeRelaxation} from '../store/explaining.js';
import {openForm} from '../store/form.js';
import {
	changeGrid,
	chooseColumns,
	chosenRow,
	exclude,
	keepGrid,
	nextGrouping,
	nextSort,
	pinnedOffers,
	sortBy,
	togglePin,
} from '../store/offers.js';
import {columnsFor} from '../screens/offers/grid-columns.js';
import type {App} from '../store/app.js';
import type {AppState, ScreenName} from '../store/state.js';

const screens: readonly ScreenName[] = ['offers'];
const nothingPinned = (state: AppState): string | undefined =>
	pinnedOffers(state).length === 0 ? 'Nothing is pinned; space pins the offer under the cursor' : undefined;

const shownColumns = (app: App) => columnsFor(app.state()).map(({column}) => column.id);

export const offers: readonly Binding[] = [
	{
		id: 'choose-offer',
		keys: ['enter'],
		screens,
		title: 'Plan with this offer, or open the group',
		footer: 'plan',
		run: chooseOffer,
	},
	{id: 'offers-form', keys: ['o'], screens, title: 'Change what to ask for, for this run', footer: 'ask for', run: openForm},
	{
		id: 'relax',
		keys: ['a'],
		screens,
		title: 'Make the smallest change that gives an offer',
		footer: 'change that',
		when: state => (explanationOf(state)?.relaxations.length ?? 0) > 0,
		run: takeRelaxation,
	},
	{
		id: 'filter',
		keys: ['/'],
		screens,
		title: 'Filter: gpu:a100 price<2 spot region:us-* mem>=64 -backend:azure, or any words',
		footer: 'filter',
		run: app => app.edit('filter', '/ ', app.state().grid.filter),
	},
	{id: 'pin', keys: ['space'], screens, title: 'Pin the offer, or take the pin away', footer: 'pin', run: togglePin},
	{
		id: 'compare',
		keys: ['c'],
		screens,
		title: 'Compare the pinned offers side by side',
		footer: 'compare',
		disabled: nothingPinned,
		run: app => app.go('compare'),
	},
	{
		id: 'sort',
		keys: ['s'],
		screens,
		title: "Sort by the next column, what was before coming second; after the last, the plan's own order",
		footer: 'sort',
		run(app) {
			nextSort(app, shownColumns(app));
			keepGrid(app);
		},
	},
	{
		id: 'sort-reverse',
		keys: ['S'],
		screens,
		title: 'Turn the order round',
		disabled: ({grid}) => (grid.sort.length > 0 ? undefined : "This is the plan's own order; s sorts by a column"),
		run(app) {
			const [first] = app.state().grid.sort;
			sortBy(app, first && (first.column as Parameters<typeof sortBy>[1]));
			keepGrid(app);
		},
	},
	{
		id: 'group',
		keys: ['b'],
		screens,
		title: 'Group by GPU, backend or region, with the cheapest of each',
		footer: 'group',
		run(app) {
			nextGrouping(app);
			keepGrid(app);
		},
	},
	{
		id: 'drawer',
		keys: ['i'],
		screens,
		title: 'Show or hide everything about the offer',
		footer: 'details',
		run: app => changeGrid(app, {drawer: !app.state().grid.drawer}, chosenRow(app.state())),
	},
	{id: 'columns', keys: ['C'], screens, title: 'Choose the columns', run: app => chooseColumns(app)},
	{id: 'exclude', keys: ['x'], screens, title: 'Leave the offer out', run: exclude},
	{
		id: 'include',
		keys: ['X'],
		screens,
		title: 'Bring back what was left out',
		disabled: ({grid}) => (grid.excluded.length > 0 ? undefined : 'Nothing was left out'),
		run: app => changeGrid(app, {excluded: []}, chosenRow(app.state())),
	},
	{id: 'refresh', keys: ['r'], screens, title: 'Ask for the offers anew', footer: 'refresh', run: app => void loadOffers(app)},
	{
		id: 'plan-pinned',
		keys: ['enter'],
		screens: ['compare'],
		title: 'Plan with the first of the pinned offers',
		footer: 'plan with the first',
		disabled: nothingPinned,
		run(app) {
			const [first] = pinnedOffers(app.state());
			if (first) {
				chooseOffer(app, first);
			}
		},
	},
];
