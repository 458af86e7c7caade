import type {LaunchProgress} from '../../backends/backend.js';
import {perform, type Stage, StepFailed} from '../steps/step.js';

/** Getting the image is a step of its own, which begins when the backend first speaks of it. */
export function imageStep(stage: Stage) {
	const queue: LaunchProgress[] = [];
	let wake: (() => void) | undefined;
	let ended = false;
	let failed = false;
	let done: Promise<void> | undefined;

	const start = async () =>
		perform(stage, 'image', 'Get the image', async report => {
			let text = '';
			for (;;) {
				for (const progress of queue.splice(0)) {
					text = progress.text;
					report({log: progress.log, text, done: progress.done, total: progress.total, unit: progress.unit});
				}

				if (ended) {
					if (failed) {
						throw new StepFailed('image', 'not complete');
					}

					return {note: text};
				}

				await new Promise<void>(resolve => {
					wake = resolve;
				});
			}
		});

	return {
		take(progress: LaunchProgress) {
			queue.push(progress);
			done ??= start();
			// A failure is told by the launch itself.
			done.catch(() => undefined);
			wake?.();
		},
		/** `because` it is there, or because the launch failed. */
		end(because: 'there' | 'failed') {
			failed = because === 'failed' && !ended;
			ended = true;
			wake?.();
		},
		async settled() {
			await done?.catch(() => undefined);
		},
	};
}
