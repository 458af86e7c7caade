import type {UnsavedWork} from '../../runs/handle.js';
import {messageOf} from '../../system/problem.js';
import type {App} from './app.js';

const heading = 'It holds work that exists nowhere else:';

/** Asks what would be lost with an environment, shows that with the question, and ends it only on a yes. */
export async function confirmEnd(
	app: App,
	name: string,
	ask: () => Promise<UnsavedWork | undefined>,
	end: () => Promise<void>,
): Promise<void> {
	let lines: readonly string[] = [];
	await app.work('asking for work that exists nowhere else', async () => {
		try {
			const work = await ask();
			lines = work ? (work.changed ? [heading, ...work.lines] : []) : ['It cannot be asked for work that exists nowhere else.'];
		} catch (error) {
			lines = [`It cannot be asked for work that exists nowhere else: ${messageOf(error)}`];
		}
	});
	app.ask(
		{
			title: `End ${name} and delete what is in it?`,
			lines,
			options: [
				{label: 'No, leave it as it is', value: 'no'},
				{label: 'Yes, end it', value: 'yes'},
			],
		},
		value => {
			if (value === 'yes') {
				void app.work(`ending ${name}`, end);
			}
		},
	);
}
