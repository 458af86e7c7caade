import {editorServerFunction, editorWithServer} from './ide-server.js';
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
					script: pythonScript(python, context.stateFolder),
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
function ideStep({configuration, stateFolder, isolated}: StepContext): ScriptStep | undefined {
	const {ide, python} = configuration;
	const editor = isolated ? editorWithServer(ide) : undefined;
	if (ide === undefined || (python === undefined && !editor)) {
		return undefined;
	}

	const parts = ['failed=', ...(python === undefined ? [] : [kernelPart(stateFolder)])];
	if (editor) {
		parts.push(editorServerFunction(editor), 'editor_server || failed="the editor\'s server is left to the editor"');
	}

	parts.push('if [ -n "$failed" ]; then echo "$failed"; exit 1; fi', '');
	return {
		id: 'ide',
		title: editor ? "Put the editor's server there" : 'Make Jupyter ready for the editor',
		pane: 'setup',
		script: parts.join('\n'),
		when: 'once',
		optional: true,
	};
}

const kernelPart = (stateFolder: string): string => `python=${quote(`${stateFolder}/venv/bin/python`)}
if ! "$python" -c 'import ipykernel' 2>/dev/null; then
  "$python" -m pip install --disable-pip-version-check --progress-bar off --timeout 5 --retries 1 ipykernel || failed='ipykernel could not be installed; the editor will offer to'
fi`;
