import type {Http} from '../../system/http.js';
import {messageOf, Problem} from '../../system/problem.js';
import type {Link} from '../../system/link.js';
import {runScriptStep, stepFolder} from '../runner.js';
import type {Heard} from '../step-output.js';
import type {ScriptStep, StepContext, StepReport, StepResult} from '../step.js';
import {viaSh, quote} from '../../system/shell.js';
import {needsClientCode} from './fetch-part.js';
import {addressesOf, isSum} from './recorded-sums.js';
import {sendServer} from './send.js';

export type IdeStepOptions = {
	readonly signal?: AbortSignal;
	readonly http?: Http;
	readonly heard?: Heard;
	/** Called with the checksum of what came from an address for the first time, where its publisher gives none. */
	readonly onSum?: (url: string, sum: string) => Promise<void>;
};

/**
Runs the step `ide` as `runScriptStep` does. Where the environment cannot fetch the editor's server, it is fetched here and sent, and the
step runs once more for the rest. Rejects when the link is lost: the caller calls again over the next.
*/
export async function runIdeStep(
	link: Link,
	step: ScriptStep,
	context: StepContext,
	onReport: (report: StepReport) => void,
	{signal, http, heard, onSum}: IdeStepOptions = {},
): Promise<StepResult> {
	const result = await runScriptStep(link, step, context, onReport, signal, heard);
	const {editor, ideOrigin: origin, keptSums: kept} = context;
	if (editor !== undefined && onSum !== undefined) {
		await tellSums(link, context, addressesOf(editor, origin), onSum, signal);
	}

	if (result.code !== needsClientCode || editor === undefined) {
		return result;
	}

	onReport({log: 'It is fetched on your machine and sent.\n'});
	try {
		await sendServer(link, {editor, origin, kept, onReport, signal, http, onSum});
	} catch (error) {
		if (!(error instanceof Problem)) {
			throw error;
		}

		onReport({log: `${error.message}\n`});
		const {next = result.next} = error;
		return {...result, next, lastLines: [...result.lastLines, `${result.lastLines.at(-1) ?? ''}; ${messageOf(error)}`]};
	}

	return runScriptStep(link, step, context, onReport, signal);
}

/** What the step wrote down of what it fetched. What is no address of the editor's, or kept already, is passed over. */
async function tellSums(
	link: Link,
	{stateFolder, keptSums}: StepContext,
	addresses: readonly string[],
	onSum: NonNullable<IdeStepOptions['onSum']>,
	signal: AbortSignal | undefined,
): Promise<void> {
	const file = quote(`${stepFolder(stateFolder, 'ide')}/sums`);
	const {stdout} = await link.exec(viaSh(`head -n 20 ${file} 2>/dev/null; exit 0`), {signal});
	for (const line of stdout.split('\n')) {
		const [url = '', sum] = line.split(' ', 2);
		if (isSum(sum) && addresses.includes(url) && !keptSums?.has(url)) {
			await onSum(url, sum);
		}
	}
}
