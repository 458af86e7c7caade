import process from 'node:process';
import type {Core} from '../runs/core.js';
import type {Clock} from '../system/clock.js';
import {startApp} from '../ui/app.js';
import type {App} from '../ui/store/app.js';
import {openPlan} from '../ui/store/choosing.js';
import {loadFolder} from '../ui/store/load-folder.js';
import {showRun} from '../ui/store/running.js';
import {choose, type ChoiceOptions} from './choose.js';
import type {FollowEnd} from './follow.js';
import {attachWithPorts, type PortFlags} from './ports.js';

/** Where the full screen begins. */
export type Start =
	| {readonly screen: 'configurations'}
	| {readonly screen: 'plan'; readonly choice: ChoiceOptions; readonly yes: boolean; readonly trusted?: boolean | undefined}
	| {readonly screen: 'attach'; readonly name: string; readonly ports: PortFlags};

/** Opens the full screen. What is wrong with the command line is told before anything is drawn; what is to be said last, after. */
export async function openScreen(core: Core, clock: Clock, start: Start): Promise<FollowEnd> {
	const {kind, signal, problem, farewell} = await startApp(core, clock, await beginning(core, start));
	if (farewell !== undefined) {
		process.stdout.write(`${farewell}\n`);
	}

	if (kind === 'failed') {
		throw problem;
	}

	return {signal};
}

async function beginning(core: Core, start: Start): Promise<(app: App) => Promise<void>> {
	switch (start.screen) {
		case 'configurations': {
			return loadFolder;
		}

		case 'plan': {
			const choice = await choose(core, start.choice);
			return async app => {
				app.go('offers');
				await openPlan(app, choice, start.yes, start.trusted);
			};
		}

		case 'attach': {
			const handle = await attachWithPorts(core, start.name, start.ports);
			return async app => {
				showRun(app, handle);
			};
		}
	}
}
