import {neutraliseLine} from '../../system/terminal-text.js';

/** How a person is called: the terminal's bell, a notification of the desktop (OSC 9 or OSC 777), or not at all. */
export const notifyWays = ['bell', 'osc9', 'osc777', 'off'] as const;
export type NotifyWay = (typeof notifyWays)[number];

export type AttentionSettings = {
	/** Undefined: what is usual for the terminal. */
	readonly notify: NotifyWay | undefined;
	/** Whether the terminal's title shows the state. */
	readonly title: boolean;
	/** What is written wrongly, one sentence each, and counts as not written. */
	readonly problems: readonly string[];
};

/** Reads `notify` and `title` of the settings, a file that people edit. */
export function readAttentionSettings(get: (key: 'notify' | 'title') => unknown): AttentionSettings {
	const notify = get('notify');
	const title = get('title');
	const way = notifyWays.find(each => each === notify);
	const said = (value: unknown) => neutraliseLine(JSON.stringify(value)).slice(0, 40);
	return {
		notify: way,
		title: title !== false,
		problems: [
			...(notify === undefined || way
				? []
				: [`\`notify\` in config.json is ${said(notify)}; it can be ${notifyWays.join(', ')}`]),
			...(title === undefined || typeof title === 'boolean'
				? []
				: [`\`title\` in config.json is ${said(title)}; it can be true or false`]),
		],
	};
}
