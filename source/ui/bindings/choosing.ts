import {
	chooseConfiguration,
	chooseOffer,
	chooseProfile,
	launch,
	loadFolder,
	loadOffers,
	offerStarter,
} from '../store/choosing.js';
import {loadEnvironments} from '../store/environments.js';
import {editConfiguration} from '../store/editing.js';
import {openForm} from '../store/form.js';
import {nextSort} from '../store/offers.js';
import {attach, stopListed} from '../store/running.js';
import {startWizard} from '../store/wizard.js';
import type {Binding} from '../keymap.js';
import type {AppState} from '../store/state.js';

const hasConfigurations = ({configurations}: AppState): boolean => (configurations?.length ?? 0) > 0;
const noEnvironment = ({environments}: AppState): string | undefined =>
	environments.length === 0 ? 'No environment is running' : undefined;

const configurations: readonly Binding[] = [
	{
		id: 'choose-configuration',
		keys: ['enter'],
		screens: ['configurations'],
		title: 'Choose the configuration',
		footer: 'choose',
		when: hasConfigurations,
		run(app) {
			const {configurations, cursor} = app.state();
			const configuration = configurations?.[cursor.configurations];
			if (configuration) {
				chooseConfiguration(app, configuration);
			}
		},
	},
	{
		id: 'write-starter',
		keys: ['enter'],
		screens: ['configurations'],
		title: 'Write a first configuration',
		footer: 'write a first one',
		when: state => !hasConfigurations(state),
		run: app => void offerStarter(app),
	},
	{
		id: 'wizard',
		keys: ['w'],
		screens: ['configurations'],
		title: 'Write a configuration for this folder, question by question',
		footer: 'write one',
		when: ({configurations}) => configurations?.every(({file}) => file !== '.dstack.yml') ?? false,
		run: app => void startWizard(app),
	},
	{
		id: 'edit',
		keys: ['e'],
		screens: ['configurations'],
		title: 'Edit the configuration with $EDITOR',
		footer: 'edit',
		when: hasConfigurations,
		run: app => void editConfiguration(app),
	},
	{
		id: 'reload',
		keys: ['r'],
		screens: ['configurations'],
		title: 'Read the folder anew',
		footer: 'reload',
		run: app => void loadFolder(app),
	},
];

const profiles: readonly Binding[] = [
	{
		id: 'choose-profile',
		keys: ['enter'],
		screens: ['profiles'],
		title: 'Choose the profile',
		footer: 'choose',
		run(app) {
			const {profiles, cursor} = app.state();
			chooseProfile(app, profiles?.profiles[cursor.profiles]);
		},
	},
];

const askFor = {
	keys: ['o'],
	title: 'Change what to ask for, for this run',
	footer: 'ask for',
	run: openForm,
} as const;

const offers: readonly Binding[] = [
	{id: 'choose-offer', keys: ['enter'], screens: ['offers'], title: 'Plan with this offer', footer: 'plan', run: chooseOffer},
	{id: 'offers-form', screens: ['offers'], ...askFor},
	{
		id: 'filter',
		keys: ['/'],
		screens: ['offers'],
		title: 'Filter: words, or column:word such as gpu:L40S',
		footer: 'filter',
		run: app => app.edit('filter', '/ ', app.state().filter),
	},
	{
		id: 'sort',
		keys: ['s'],
		screens: ['offers'],
		title: "Sort by the next column; after the last, the plan's own order",
		footer: 'sort',
		run: app => app.sort(nextSort(app.state().sort)),
	},
	{
		id: 'sort-reverse',
		keys: ['S'],
		screens: ['offers'],
		title: 'Turn the order round',
		disabled: ({sort}) => (sort ? undefined : "This is the plan's own order; s sorts by a column"),
		run(app) {
			const {sort} = app.state();
			app.sort(sort && {...sort, descending: !sort.descending});
		},
	},
	{
		id: 'refresh',
		keys: ['r'],
		screens: ['offers'],
		title: 'Ask for the offers anew',
		footer: 'refresh',
		run: app => void loadOffers(app),
	},
];

const plan: readonly Binding[] = [
	{
		id: 'launch',
		keys: ['enter'],
		screens: ['plan'],
		title: 'Start the environment',
		footer: 'start',
		disabled: ({plan, busy}) => (busy ? 'One moment: it is still being checked' : plan ? undefined : 'There is no plan to start'),
		run: app => void launch(app),
	},
	{id: 'plan-form', screens: ['plan'], ...askFor},
	{
		id: 'name',
		keys: ['n'],
		screens: ['plan'],
		title: 'Give it a name',
		footer: 'name',
		run: app => app.edit('name', 'name: ', app.state().plan?.name ?? ''),
	},
];

const environments: readonly Binding[] = [
	{
		id: 'attach',
		keys: ['enter'],
		screens: ['environments'],
		title: 'Attach to the environment',
		footer: 'attach',
		disabled: noEnvironment,
		run(app) {
			const {environments, cursor} = app.state();
			const chosen = environments[cursor.environments];
			if (chosen) {
				void attach(app, chosen.name);
			}
		},
	},
	{
		id: 'stop-listed',
		keys: ['x'],
		screens: ['environments'],
		title: 'End the environment and delete what is in it, after a question',
		footer: 'stop',
		disabled: noEnvironment,
		run: app => void stopListed(app),
	},
	{
		id: 'reload-environments',
		keys: ['r'],
		screens: ['environments'],
		title: 'Look again',
		footer: 'refresh',
		run: app => void loadEnvironments(app),
	},
];

export const choosing: readonly Binding[] = [...configurations, ...profiles, ...offers, ...plan, ...environments];
