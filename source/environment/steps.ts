import {askedSteps, editorThere, type ScriptId} from './asked-steps.js';
import {products} from './ide/products.js';
import {ideScript} from './ide/server.js';
import {pythonScript} from './python.js';
import {deadlineText} from '../agents/deadline-file.js';
import {quote} from '../system/shell.js';
import {commandScript} from './commands.js';
import type {ScriptStep, StepContext} from './step.js';

const makers: Readonly<Record<ScriptId, (context: StepContext) => ScriptStep>> = {
	guard: guardStep,
	python: pythonStep,
	build: context => commandStep('build', 'Build', context.configuration),
	setup: context => commandStep('setup', 'Set up', context.configuration),
	ide: ideStep,
	init: context => commandStep('init', 'Start', context.configuration),
};

/** The scripts that prepare an environment, in their order; only those that its configuration asks for, the guard always first. */
export const scriptSteps = (context: StepContext): ScriptStep[] => askedSteps(context).map(id => makers[id](context));

/** The script of one step; undefined where the configuration does not ask for it. */
export const scriptStep = (context: StepContext, id: ScriptId): ScriptStep | undefined =>
	askedSteps(context).includes(id) ? makers[id](context) : undefined;

/** The backend has set the deadline with the instance; here it is seen to hold. */
function guardStep({deadline, stateFolder}: StepContext): ScriptStep {
	const expected = deadlineText(deadline);
	const file = quote(`${stateFolder}/deadline`);
	return {
		id: 'guard',
		title: 'Check its deadline',
		pane: 'events',
		script: [
			`found=$(cat ${file})`,
			`if [ "$found" != ${expected} ]; then`,
			`  echo "the deadline there is $found, expected ${expected}"`,
			'  exit 1',
			'fi',
			'',
		].join('\n'),
		when: 'always',
		optional: false,
	};
}

function pythonStep({configuration: {python = ''}, venv}: StepContext): ScriptStep {
	return {
		id: 'python',
		title: `Make Python ${python} ready`,
		pane: 'build',
		script: pythonScript(python, venv),
		when: 'once',
		optional: false,
	};
}

function commandStep(id: 'build' | 'setup' | 'init', verb: string, configuration: StepContext['configuration']): ScriptStep {
	const commands = configuration[id];
	return {
		id,
		title: `${verb} (${commands.length} ${commands.length === 1 ? 'command' : 'commands'})`,
		pane: id === 'build' ? 'build' : 'setup',
		script: commandScript(commands, configuration),
		when: id === 'init' ? 'always' : 'once',
		optional: false,
	};
}

/**
What the editor would fetch when it connects: its server, only where the machine is the environment's own, and what Jupyter needs. Without
them everything else works, so a failure is a warning, and nothing waits long for a network.
*/
function ideStep(context: StepContext): ScriptStep {
	const {
		configuration: {python},
		venv,
		editor,
		ideOrigin: origin,
		keptSums: kept,
	} = context;
	const withServer = editorThere(context);
	const known = withServer !== undefined && editor?.ide === withServer ? editor : undefined;
	const name = withServer && products[withServer].name;
	return {
		id: 'ide',
		title: name ? `Put the server of ${name}${known ? ` ${known.version}` : ''} there` : 'Make Jupyter ready for the editor',
		pane: 'setup',
		script: ideScript({
			server: known && {editor: known, origin, kept},
			venv: python === undefined ? undefined : venv,
			reason: name && !known ? `the version of ${name} could not be found out, so it gets its server itself` : undefined,
		}),
		when: 'once',
		optional: true,
	};
}
