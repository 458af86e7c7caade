import type {Key} from 'ink';

const segmenter = new Intl.Segmenter();

const controls: Readonly<Record<string, string>> = {
	'\r': 'enter',
	'\n': 'enter',
	'\r\n': 'enter',
	'\t': 'tab',
	'\u001B': 'esc',
	'\u007F': 'backspace',
	'\b': 'backspace',
	' ': 'space',
};

const special: ReadonlyArray<readonly [keyof Key, string]> = [
	['upArrow', 'up'],
	['downArrow', 'down'],
	['leftArrow', 'left'],
	['rightArrow', 'right'],
	['pageUp', 'pageup'],
	['pageDown', 'pagedown'],
	['home', 'home'],
	['end', 'end'],
	['return', 'enter'],
	['escape', 'esc'],
	['backspace', 'backspace'],
	['delete', 'delete'],
];

const nameOf = (grapheme: string): string => {
	const code = grapheme.charCodeAt(0);
	return controls[grapheme] ?? (code < 27 ? `ctrl-${String.fromCharCode(code + 96)}` : grapheme);
};

/**
The keys of one event, by name: `j`, `ctrl-d`, `pagedown`. One read may hold several (a fast repeat, a slow link), and each counts.
*/
export function keyNames(input: string, key: Key): string[] {
	if (key.tab) {
		return [key.shift ? 'shift-tab' : 'tab'];
	}

	for (const [flag, name] of special) {
		if (key[flag]) {
			return [name];
		}
	}

	const graphemes = [...segmenter.segment(input)].map(({segment}) => segment);
	if (key.meta) {
		return graphemes.map(grapheme => `alt-${grapheme}`);
	}

	return graphemes.map(grapheme => (key.ctrl && /^[a-z]$/.test(grapheme) ? `ctrl-${grapheme}` : nameOf(grapheme)));
}

const shown: Readonly<Record<string, string>> = {
	up: '↑',
	down: '↓',
	left: '←',
	right: '→',
	pageup: 'PgUp',
	pagedown: 'PgDn',
	home: 'Home',
	end: 'End',
};

/** A key as it is written on the screen and in the README. */
export const keyLabel = (key: string): string => shown[key] ?? key;
