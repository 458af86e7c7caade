import {readFile, rm, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {Problem} from '../system/problem.js';
import type {RunContext} from './context.js';
import type {RunRecord} from './record.js';

const answerLimit = 30_000;
const pollInterval = 200;

const requestFile = (folder: string): string => path.join(folder, 'agreed-requested');

/** Says yes to the dearer offer that a run asks about; where another program owns the run, through that one. Throws a `Problem`. */
export async function agree({clock}: RunContext, record: RunRecord): Promise<void> {
	const {asking} = record.known;
	if (!asking) {
		return;
	}

	if (record.owned) {
		await record.append({type: 'agreed', price: asking.price});
		return;
	}

	await writeFile(requestFile(record.folder), String(asking.price), {mode: 0o600});
	for (const start = clock.now(); clock.now() - start < answerLimit; await clock.sleep(pollInterval)) {
		await record.catchUp();
		if (record.state?.asking === undefined) {
			return;
		}
	}

	await rm(requestFile(record.folder), {force: true});
	throw new Problem('failed', `The program that looks after ${record.name} did not hear the answer`, {next: 'Answer there.'});
}

/** Takes in what another program answered; only to the question that is asked. */
export async function answerAgreement(record: RunRecord): Promise<void> {
	const {asking} = record.known;
	if (!asking) {
		return;
	}

	const text = await readFile(requestFile(record.folder), 'utf8').catch(() => '');
	if (text === String(asking.price)) {
		await rm(requestFile(record.folder), {force: true});
		await record.append({type: 'agreed', price: asking.price});
	}
}
