/** Characters that take one cell each wherever they stand: ASCII, the letters of Latin scripts, and the signs that this program draws. */
const plain = /^[\u0020-\u007E\u00A1-\u00AC\u00AE-\u02FF\u2800-\u28FF·…›‹→─│▁▂▃▄▅▆▇█▉▊▋▌▍▎▏▕×≥≤▲▼▶◆●○◌✓✗]*$/;
/** Styles, and where a hyperlink begins or ends. */
const styles = /\u001B(?:\[[\d;]*m|\]8;[^\u0007\u001B]*\u0007)/g;

/** Whether each UTF-16 unit of the text takes one cell. */
export const isPlain = (text: string): boolean => plain.test(text);

/** Cells of a text of plain characters, which may be styled; undefined for any other, which has to be measured. */
export function plainWidth(text: string): number | undefined {
	const bare = text.includes('\u001B') ? text.replace(styles, '') : text;
	return plain.test(bare) ? bare.length : undefined;
}
