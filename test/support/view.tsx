import {render} from 'ink-testing-library';
import {afterEach, expect, vi} from 'vitest';
import type {Core} from '../../source/runs/core.js';
import {Root} from '../../source/ui/app.js';
import type {App} from '../../source/ui/store/app.js';
import type {AppOptions} from '../../source/ui/store/app-options.js';
import {loadFolder} from '../../source/ui/store/load-folder.js';
import {showRun} from '../../source/ui/store/running.js';
import {testApp, testCore, type TestHandle, type TestListing} from './ui.js';

/** Keys as a terminal sends them. */
export const keys = {
	enter: '\r',
	esc: '\u001B',
	down: '\u001B[B',
	up: '\u001B[A',
	ctrlC: '\u0003',
	tab: '\t',
	backspace: '\u007F',
} as const;

let last: ReturnType<typeof render> | undefined;

afterEach(() => {
	last?.unmount();
});

/** The app on a screen of its own. */
export type View = {
	app: App;
	frame: () => string;
	/** With its styles and links. */
	styled: () => string;
	press: (...input: string[]) => Promise<void>;
	shows: (text: string | RegExp) => Promise<string>;
};

export function view(app: App): View {
	const instance = render(<Root app={app} onSuspend={() => undefined} />);
	last = instance;
	const frame = () => (instance.lastFrame() ?? '').replaceAll(/\u001B(?:\[[\d;]*m|\]8;[^\u0007]*\u0007)/g, '');
	return {
		app,
		frame,
		styled: () => instance.lastFrame() ?? '',
		async press(...input) {
			for (const text of input) {
				instance.stdin.write(text);
				await new Promise(resolve => setTimeout(resolve, text === keys.esc ? 60 : 5));
			}
		},
		async shows(text) {
			return vi.waitFor(() => {
				expect(frame()).toMatch(
					text instanceof RegExp ? text : new RegExp(text.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`)),
				);
				return frame();
			}, 3000);
		},
	};
}

export const started = async (
	core: Partial<Core> = {},
	listing: TestListing = {},
	options: Partial<AppOptions> = {},
): Promise<View> => {
	const shown = view(testApp(testCore(core, listing), options));
	await loadFolder(shown.app);
	return shown;
};

export const atOffers = async (listing: TestListing = {}, options: Partial<AppOptions> = {}): Promise<View> => {
	const shown = await started({}, listing, options);
	await shown.press(keys.enter);
	await shown.shows('offers');
	return shown;
};

export const withRun = (handle: TestHandle, core: Partial<Core> = {}, options: Partial<AppOptions> = {}): View => {
	const shown = view(testApp(testCore(core), options));
	showRun(shown.app, handle);
	return shown;
};
