import {asksForTrust} from '../../runs/words/start-words.js';
import {chooseConfiguration, chooseProfile, launch, nextBuild, turnBuild, turnTrust} from '../store/choosing.js';
import {loadFolder} from '../store/load-folder.js';
import {chosenEnvironment, environmentRows} from '../store/environments.js';
import {loadEnvironments} from '../store/listing.js';
import {editConfiguration} from '../store/edit-configuration.js';
import {openForm} from '../store/form.js';
import {stopListed} from '../store/leaving.js';
import {attach} from '../store/running.js';
import type {BuildPolicy} from '../../configuration/model.js';
import {offerStarter, startWizard} from '../store/wizard.js';
import type {Binding} from '../keymap.js';
import type {AppState} from '../store/state.js';
import {canStartAgain, startAgain} from '../store/starting-again.js';
import type {RunState} from '../../runs/model/state.js';

const hasConfigurations = ({configurations}: AppState): boolean => (configurations?.length ?? 0) > 0;
const noEnvironment = (state: AppState): string | undefined =>
	environmentRows(state).length === 0 ? 'No environment is running' : undefined;
const isOrphan = (state: AppState): boolean => chosenEnvironment(state)?.kind === 'orphan';

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
		run: app => void offerStarter(app, loadFolder),
	},
	{
		id: 'wizard',
		keys: ['w'],
		screens: ['configurations'],
		title: 'Write a configuration for this folder, question by question',
		footer: 'write one',
		when: ({configurations}) => configurations?.every(({file}) => file !== '.dstack.yml') ?? false,
		run: app => void startWizard(app, loadFolder),
	},
	{
		id: 'edit',
		keys: ['e'],
		screens: ['configurations'],
		title: 'Edit the configuration with $EDITOR',
		footer: 'edit',
		when: hasConfigurations,
		run: app => void editConfiguration(app, loadFolder),
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

/** What the key does next. */
const buildWord: Readonly<Record<BuildPolicy, string>> = {use: 'only reuse', build: 'build', 'force-build': 'build anew'};

const plan: readonly Binding[] = [
	{
		id: 'launch',
		keys: ['enter'],
		screens: ['plan'],
		title: 'Start the environment',
		footer: ({plan}) => (plan?.image.decision === 'missing' ? undefined : 'start'),
		disabled: ({plan, busy}) => (busy ? 'One moment: it is still being checked' : plan ? undefined : 'There is no plan to start'),
		run: app => void launch(app),
	},
	{
		id: 'build',
		keys: ['b'],
		screens: ['plan'],
		title: 'Image of the build commands: reuse it, make it if there is none, make it anew',
		footer: state => buildWord[nextBuild(state)],
		when: ({configuration}) => (configuration?.environment?.build.length ?? 0) > 0,
		disabled: ({busy}) => (busy ? 'One moment: it is still being checked' : undefined),
		run: app => void turnBuild(app),
	},
	{
		id: 'trust',
		keys: ['T'],
		screens: ['plan'],
		title: 'Vouch for the repository, or no more',
		footer: ({plan}) => (plan?.code.trusted ? 'distrust' : 'trust'),
		when: ({plan}) => plan !== undefined && asksForTrust(plan),
		disabled: ({busy}) => (busy ? 'One moment: it is still being checked' : undefined),
		run: app => void turnTrust(app),
	},
	{
		id: 'plan-form',
		keys: ['o'],
		screens: ['plan'],
		title: 'Change what to ask for, for this run',
		footer: 'ask for',
		run: openForm,
	},
	{
		id: 'name',
		keys: ['n'],
		screens: ['plan'],
		title: 'Give it a name',
		footer: 'name',
		run: app => app.edit('name', 'name: ', app.state().plan?.name ?? ''),
	},
];

const chosenRun = (state: AppState): RunState | undefined => {
	const chosen = chosenEnvironment(state);
	return chosen?.kind === 'run' ? chosen.run : undefined;
};

const environments: readonly Binding[] = [
	{
		id: 'start-listed',
		keys: ['enter', 'S'],
		screens: ['environments'],
		title: 'Start an environment again that is stopped in its cloud, after a question',
		footer: 'start',
		when: state => canStartAgain(chosenRun(state)),
		run(app) {
			const run = chosenRun(app.state());
			if (run) {
				startAgain(app, run);
			}
		},
	},
	{
		id: 'attach',
		keys: ['enter'],
		screens: ['environments'],
		title: 'Attach to the environment',
		footer: 'attach',
		when: state => !canStartAgain(chosenRun(state)),
		disabled: state =>
			isOrphan(state) ? 'Its keys are not here, so nobody can be let in: it can only be ended, with x' : noEnvironment(state),
		run(app) {
			const chosen = chosenEnvironment(app.state());
			if (chosen?.kind === 'run') {
				void attach(app, chosen.run.name);
			}
		},
	},
	{
		id: 'stop-listed',
		keys: ['x'],
		screens: ['environments'],
		title: 'End the environment, or an instance that nobody here knows, and delete what is in it, after a question',
		footer: state => (isOrphan(state) ? 'end it' : 'stop'),
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

export const choosing: readonly Binding[] = [...configurations, ...profiles, ...plan, ...environments];
