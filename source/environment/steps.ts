import {hasServer, products} from './ide/products.js';
import {ideScript} from './ide/server.js';
import {pythonScript} from './python.js';
import {deadlineText} from '../backends/deadline.js';
import {quote} from '../system/shell.js';
import {commandScript} from './commands.js';
import type {ScriptStep, StepContext} from './step.js';

/** The scripts that prepare an environment, in their order; only those that its configuration asks for, the guard always first. */
export function scriptSteps(context: StepContext): ScriptStep[] {
	const {python} = context.configuration;
	const steps: Array<ScriptStep | undefined> = [
		guardStep(context),
		python === undefined
			? undefined
			: {
					id: 'python',
					title: `Make Python ${python} ready`,
					pane: 'build',
					script: pythonScript(python, context.venv),
					when: 'once',
					optional: false,
				},
		commandStep('build', 'Build', context.configuration),
		commandStep('setup', 'Set up', context.configuration),
		ideStep(context),
		commandStep('init', 'Start', context.configuration),
	];
	return steps.filter(step => step !== undefined);
}

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

function commandStep(
	id: 'build' | 'setup' | 'init',
	verb: string,
	configuration: StepContext['configuration'],
): ScriptStep | undefined {
	const commands = configuration[id];
	if (commands.length === 0) {
		return undefined;
	}

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
function ideStep({configuration, venv, isolated, editor, ideOrigin: origin}: StepContext): ScriptStep | undefined {
	const {ide, python} = configuration;
	const withServer = isolated && hasServer(ide) ? ide : undefined;
	if (ide === undefined || (python === undefined && withServer === undefined)) {
		return undefined;
	}

	const known = withServer !== undefined && editor?.ide === withServer ? editor : undefined;
	const name = withServer && products[withServer].name;
	return {
		id: 'ide',
		title: name ? `Put the server of ${name}${known ? ` ${known.version}` : ''} there` : 'Make Jupyter ready for the editor',
		pane: 'setup',
		script: ideScript({
			server: known && {editor: known, origin},
			venv: python === undefined ? undefined : venv,
			reason: name && !known ? `the version of ${name} could not be found out, so it gets its server itself` : undefined,
		}),
		when: 'once',
		optional: true,
	};
}
