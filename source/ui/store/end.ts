import type {UnsavedWork} from '../../runs/handle.js';
import {messageOf} from '../../system/problem.js';
import type {App} from './app.js';

const heading = 'It holds work that exists nowhere else:';

/** How an environment is ended after a question. */
export type Ending = {
	readonly name: string;
	readonly title: string;
	/** What would be lost; undefined where that cannot be found out. */
	readonly ask: () => Promise<UnsavedWork | undefined>;
	readonly end: () => Promise<void>;
	/** The person has said yes before: only what would be lost is still worth a question. */
	readonly isAgreed?: boolean;
};

/**
Asks what would be lost with an environment, shows that with the question, and ends it only on a yes. Taken back with escape, or left for
another screen meanwhile, the question does not come any more.
*/
export async function confirmEnd(app: App, {name, title, ask, end, isAgreed = false}: Ending): Promise<void> {
	const {asking, screen, run} = app.state();
	if (asking) {
		return;
	}

	const taken = Promise.withResolvers<undefined>();
	app.set({asking: () => taken.resolve(undefined)});
	let lines: readonly string[] | undefined;
	await app.work('asking for work that exists nowhere else; esc leaves it as it is', async () => {
		lines = await Promise.race([linesOf(ask), taken.promise]);
	});
	app.set({asking: undefined});
	const now = app.state();
	if (lines === undefined || app.hasEnded || now.screen !== screen || now.run?.handle !== run?.handle) {
		return;
	}

	if (isAgreed && lines.length === 0) {
		await app.work(`ending ${name}`, end);
		return;
	}

	app.ask(
		{
			title,
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

async function linesOf(ask: Ending['ask']): Promise<readonly string[]> {
	try {
		const work = await ask();
		return work ? (work.changed ? [heading, ...work.lines] : []) : ['It cannot be asked for work that exists nowhere else.'];
	} catch (error) {
		return [`It cannot be asked for work that exists nowhere else: ${messageOf(error)}`];
	}
}
