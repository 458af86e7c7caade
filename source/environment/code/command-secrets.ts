/*
What people write into commands: the settings of git that run some, and its hooks. Only a literal value is a secret; a variable, a substitution, a
path or a placeholder in its place is none, since nothing would be gained by leaving it out.
*/

const secretWord = /(?:pass(?:word|wd|phrase)?|_pwd|token|secret|(?:^|_)pat|(?:api|access|private|secret|auth|account)_?key)$/i;
const value = String.raw`(\\?"(?:\\.|[^"\\\n])*"?|\\?'[^'\n]*'?|[^\s;&|()<>"'${'`'}]+)`;

const assignment = new RegExp(String.raw`(?<![\w-])([A-Za-z_]\w*)=(?!=)${value}`, 'g');
// As other languages and JSON write it, where much is written that is no secret.
const property = /(?<![\w-])([A-Za-z_][\w-]*)(?:\\?["'])?\s*[:=]\s*\\?["']([^\s"'\\]{8,})\\?["']/g;

const before = [
	String.raw`(?<![\w-])--?(?:[a-z\d]+-)*(?:token|pass(?:word|wd|phrase)?|secret|pat|bearer|(?:api|access|private|secret|auth)-?key)(?:=|[ \t]+(?!(?:to|or|and|is|for|with|in)\b))`,
	String.raw`\b(?:proxy-)?authorization[ \t]*:[ \t]*(?:(?:bearer|basic|token|digest)[ \t]+)?`,
	String.raw`\b(?:(?:private|job|deploy)-token|x-(?:[a-z\d]+-)*(?:token|secret|key|auth|password)|(?:api|access|auth)-?(?:key|token))[ \t]*:[ \t]*`,
	String.raw`\bsshpass[ \t]+-p[ \t]*`,
	String.raw`[ \t]-pass(?:in|out)?[ \t]+pass:`,
	String.raw`\bmachine[ \t]+\S+\s+login[ \t]+\S+\s+password[ \t]+`,
	// The end of a line may be escaped.
	String.raw`\b(?:curl|wget|https?|xh)\b(?:[^\n\\]|\\[^]){0,1000}?\s(?:-[a-zA-Z]*[uU]|--(?:proxy-)?user)[ \t=]*["']?[^\s"':]*:`,
	String.raw`\b(?:echo|printf)[ \t]+(?:-n[ \t]+)?(?:["']?%s["']?[ \t]+)?["']?[^\s"':$]+:(?=[^\n|]{1,200}\|[ \t]*base64\b)`,
].map(pattern => new RegExp(pattern + value, 'gi'));

const shapes = [
	/\bgh[a-z]_[A-Za-z\d]{20,}/,
	/\bgithub_pat_\w{20,}/,
	/\bgl[a-z]{2,4}-[\w-]{16,}/,
	/\bxox[a-z]-[\w-]{10,}/,
	/\b(?:hf|npm)_[A-Za-z\d]{20,}/,
	/\bhooks\.slack\.com\/services\/\w+\/\w+\/\w+/,
	/-----BEGIN [A-Z ]*PRIVATE KEY-----/,
];

/** Whether a command or script contains a secret. */
export const holdsSecret = (text: string): boolean =>
	shapes.some(shape => shape.test(text)) ||
	[...text.matchAll(assignment)].some(
		([, name = '', given = '']) => secretWord.test(name) && !isOwnWord(name, given) && isSecret(given),
	) ||
	[...text.matchAll(property)].some(
		([, name = '', given = '']) => secretWord.test(name.replaceAll('-', '_')) && /\d/.test(given) && isSecret(given),
	) ||
	before.some(pattern => [...text.matchAll(pattern)].some(([, given = '']) => isSecret(given)));

/** Scripts call other things so as well: the word that a trailer begins with, a count of what went well. */
const isOwnWord = (name: string, given: string): boolean =>
	/^(?:pass|fail|token|secret)$/.test(name) ? !/\d|.{20}/.test(given) : /^["']?(?:ok|pass|passed|fail|failed)["']?$/i.test(given);

const unknown = /\$(?:\{[^}]*\}|\([^)]*\)|\w+|[@*#?$!-])|`[^`]*`|\{\{.*?\}\}/g;
const harmless = /^(?:\d{1,3}|true|false|yes|no|on|off|none|null|nil|undefined|[x.*?-]+|<.*|%[a-z].*)$/i;
const longest = 1000;
const path = /^(?:~|\.{1,2})?\/[\w.@-]+(?:\/[\w.@-]*)*$/;
const looksRandom = (text: string): boolean => text.length >= 30 && /\d/.test(text) && /[A-Z]/.test(text) && /[a-z]/.test(text);

/** Whether something is written itself. */
function isSecret(given: string): boolean {
	const bare = given
		.slice(0, longest)
		.replace(/^(?:\\?["'])+|(?:\\?["'])+$/g, '')
		.replace(/^(?:bearer|basic|token|digest)\s+/i, '');
	const known = bare.replace(unknown, '');
	// In single quotes a shell replaces nothing.
	if (/^\\?'[^$]/.test(given) ? bare.includes('{{') : known !== bare || /[$`]/.test(bare)) {
		return /[\w+/]{8,}/.test(known) && !bare.startsWith('$') && !bare.startsWith('`');
	}

	return bare.length >= 3 && !harmless.test(bare) && (!path.test(bare) || looksRandom(bare));
}
