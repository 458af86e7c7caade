import {Problem} from '../../system/problem.js';
import type {RunContext} from '../context.js';
import {answerRequest, askOwner} from '../journal/owner-requests.js';
import type {RunRecord} from '../journal/record.js';

const requestFile = 'agreed-requested';

/** Says yes to the dearer offer that a run asks about; where another program owns the run, through that one. Throws a `Problem`. */
export async function agree(context: RunContext, record: RunRecord): Promise<void> {
	const {asking} = record.known;
	if (!asking) {
		return;
	}

	if (record.owned) {
		await record.append({type: 'agreed', price: asking.price});
		return;
	}

	await askOwner(context, record, {
		file: requestFile,
		text: String(asking.price),
		isDone: state => state?.asking === undefined,
		unheard: new Problem('failed', `The program that looks after ${record.name} did not hear the answer`, {
			next: 'Answer there.',
		}),
	});
}

/** Takes in what another program answered; only to the question that is asked. */
export async function answerAgreement(record: RunRecord): Promise<void> {
	const {asking} = record.known;
	if (asking) {
		const {price} = asking;
		await answerRequest(record.folder, requestFile, {
			read: text => (text === String(price) ? price : undefined),
			act: async () => record.append({type: 'agreed', price}),
		});
	}
}
