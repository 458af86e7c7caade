const escapeSequences =
	// CSI, OSC and other string sequences (ended by BEL, ST or the end of the text), then two-character escapes.
	/(?:\u001B\[|\u009B)[0-?]*[ -/]*[@-~]?|(?:\u001B[\]P^_X]|[\u009D\u0090\u009E\u009F\u0098])[^\u0007\u001B\u009C]*(?:\u0007|\u001B\\|\u009C)?|\u001B[ -/]*[0-~]?/g;

const controls = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/g;
/**
Characters that are not seen, and change what is: those that turn the direction of the text around them, so that a name could show itself
as another; tags and others that hide text in a text; invisible ones in general. What joins letters and signs, and chooses their form, stays.
*/
const unseen =
	/(?!\p{Join_Control}|\p{Variation_Selector})[\p{Default_Ignorable_Code_Point}\p{Bidi_Control}\uFFF9-\uFFFB]|[\u{E0000}-\u{E0FFF}]/gu;
/** They end a line for some programs, and for others they do not. */
const separators = /[\u2028\u2029]/g;
/** Nearly everything: nothing of it is to be looked at more closely. */
const plain = /^[\n -~]*$/;

/**
Makes text from a log, a file or a cloud safe to draw: escape sequences, control characters and those that are not seen are removed, tabs
become spaces. Newlines stay; see `neutraliseLine` for one line.
*/
export const neutralise = (text: string): string =>
	plain.test(text)
		? text
		: text
				.replace(escapeSequences, '')
				.replace(/\r\n/g, '\n')
				.replace(/\t/g, '    ')
				.replace(controls, '')
				.replace(separators, ' ')
				.replace(unseen, '');

/** The same for text that must stay on one line: names, messages. Newlines become spaces. */
export const neutraliseLine = (text: string): string => neutralise(text.replace(/\s*[\r\n\u2028\u2029]+\s*/g, ' '));

/** What a terminal would show of a line that was redrawn with carriage returns: only its last version. */
export const lastVersion = (line: string): string => {
	const versions = line.replace(/\r+$/, '').split('\r');
	return versions.at(-1) ?? '';
};
