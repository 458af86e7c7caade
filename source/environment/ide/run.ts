import type {Http} from '../../system/http.js';
import {messageOf, Problem} from '../../system/problem.js';
import type {Link} from '../../system/link.js';
import {runScriptStep} from '../runner.js';
import type {Heard} from '../step-output.js';
import type {ScriptStep, StepContext, StepReport, StepResult} from '../step.js';
import {needsClientCode} from './fetch-part.js';
import {sendServer} from './send.js';

/**
Runs the step `ide` as `runScriptStep` does. Where the environment cannot fetch the editor's server, it is fetched here and sent, and the
step runs once more for the rest. Rejects when the link is lost: the caller calls again over the next.
*/
export async function runIdeStep(
	link: Link,
	step: ScriptStep,
	context: StepContext,
	onReport: (report: StepReport) => void,
	{signal, http, heard}: {readonly signal?: AbortSignal; readonly http?: Http; readonly heard?: Heard} = {},
): Promise<StepResult> {
	const result = await runScriptStep(link, step, context, onReport, signal, heard);
	const {editor, ideOrigin: origin} = context;
	if (result.code !== needsClientCode || editor === undefined) {
		return result;
	}

	onReport({log: 'It is fetched on your machine and sent.\n'});
	try {
		await sendServer(link, {editor, origin, onReport, signal, http});
	} catch (error) {
		if (!(error instanceof Problem)) {
			throw error;
		}

		onReport({log: `${error.message}\n`});
		return {...result, lastLines: [...result.lastLines, `${result.lastLines.at(-1) ?? ''}; ${messageOf(error)}`]};
	}

	return runScriptStep(link, step, context, onReport, signal);
}
