const escapeSequences =
	// CSI, OSC and other string sequences (ended by BEL, ST or the end of the text), then two-character escapes.
	/(?:\u001B\[|\u009B)[0-?]*[ -/]*[@-~]?|(?:\u001B[\]P^_X]|[\u009D\u0090\u009E\u009F\u0098])[^\u0007\u001B\u009C]*(?:\u0007|\u001B\\|\u009C)?|\u001B[ -/]*[0-~]?/g;

const controls = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/g;
// Characters that turn the direction of the text around them: a name could show itself as another.
const bidirectional = /[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/g;

/**
Makes text from a log, a file or a cloud safe to draw: escape sequences and control characters are removed, tabs become spaces.
Newlines stay; see `neutraliseLine` for one line.
*/
export const neutralise = (text: string): string =>
	text
		.replace(escapeSequences, '')
		.replace(/\r\n/g, '\n')
		.replace(/\t/g, '    ')
		.replace(controls, '')
		.replace(bidirectional, '');

/** The same for text that must stay on one line: names, messages. Newlines become spaces. */
export const neutraliseLine = (text: string): string => neutralise(text.replace(/\s*[\r\n]+\s*/g, ' '));

/** What a terminal would show of a line that was redrawn with carriage returns: only its last version. */
export const lastVersion = (line: string): string => {
	const versions = line.replace(/\r+$/, '').split('\r');
	return versions.at(-1) ?? '';
};
