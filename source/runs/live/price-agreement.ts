import {z} from 'zod';
import {Problem} from '../../system/problem.js';
import type {RunContext} from '../context.js';
import {answerRequests, askOwner} from '../journal/owner-requests.js';
import type {RunRecord} from '../journal/record.js';

/** US dollars an hour. */
const schema = z.object({price: z.number()});

/** Says yes to the dearer offer that a run asks about; where another program owns the run, through that one. Throws a `Problem`. */
export async function agree(context: RunContext, record: RunRecord): Promise<void> {
	const {asking} = record.known;
	if (!asking) {
		return;
	}

	const asked = {price: asking.price};
	if (record.owned) {
		await takeAgreement(record, asked);
		return;
	}

	await askOwner(context, record, {
		kind: 'agree',
		asked,
		what: 'hear the answer',
		isDone: state => state.asking === undefined,
		act: async each => takeAgreement(record, each),
		unheard: new Problem('failed', `The program that looks after ${record.name} did not hear the answer`, {
			next: 'Answer there.',
		}),
	});
}

/** Takes in what other programs answered. */
export async function answerAgreement(record: RunRecord): Promise<void> {
	await answerRequests(record, 'agree', {
		schema,
		act: async asked => takeAgreement(record, asked),
		onRefused: ({message}) => record.note(message),
	});
}

/** Only to the question that is asked; what was agreed to already is agreed to. */
async function takeAgreement(record: RunRecord, {price}: z.infer<typeof schema>): Promise<void> {
	const {asking, agreedPrice} = record.known;
	if (!asking || agreedPrice >= price) {
		return;
	}

	if (asking.price !== price) {
		throw new Problem('failed', 'It asks about another offer by now', {next: 'Look at that one, and answer again.'});
	}

	await record.append({type: 'agreed', price});
}
