import {holdsSecret} from './command-secrets.js';

/** Names that tokens of the usual forges have, and words that only a machine would choose for a name. */
const token = /^(?:gh[a-z]_|github_pat_|gl(?:pat|dt|cbt|ptt|soat|rt|ft)-|at(?:bb|ctt|att)|bbdc-|hf_|npm_|xox[a-z]-|pat[-_])/i;
const isToken = (user: string): boolean =>
	token.test(user) || (user.length >= 20 && /\d/.test(user) && /^[\w.~%+=-]+$/.test(user));

const userinfo = /([a-z][a-z\d+.-]*:\/\/)([^\s/<>"]*)@/gi;

const query = /(:\/\/[^\s"'<>?]*)\?([^\s"'<>#]*)/g;
const secretParameter =
	/^(?:.*[_.-])?(?:\w*token|secret|pass(?:word|wd|phrase)?|sig|signature|(?:api|access|private|secret)[_-]?key)=(?!\$).+/i;

/** A URL's or a text's URLs without passwords and tokens; a user's plain name stays. Latin-1 text keeps its bytes. */
export const withoutPasswords = (text: string): string =>
	text
		.replace(userinfo, (whole, scheme: string, info: string) => {
			const colon = info.indexOf(':');
			const user = colon < 0 ? info : info.slice(0, colon);
			if (/^https?:/i.test(scheme) && isToken(user)) {
				return scheme;
			}

			// A script's variable is none itself.
			const isKnown = colon >= 0 && !/^\$(?:\w+|\{[^}]*\})$/.test(info.slice(colon + 1));
			return !isKnown ? whole : user === '' ? scheme : `${scheme}${user}@`;
		})
		.replace(query, (whole, address: string, parameters: string) => {
			const all = parameters.split('&');
			const kept = all.filter(each => !secretParameter.test(each));
			return kept.length === all.length ? whole : kept.length > 0 ? `${address}?${kept.join('&')}` : address;
		});

/** A URL without any word of who asks. */
export const withoutUser = (url: string): string => url.replace(userinfo, '$1');

const secretName = /(?:pass(?:word|wd|phrase)?|token|secret|(?:access|private|secret|api)-?key)$/i;
const inlineSecret = /pass(?:word|wd)?\b|token|secret|credential=/i;

type Verdict = {readonly value: string} | 'dropped' | 'kept';

/** What becomes of one variable of a git configuration. Names in lower case. */
export function judgeVariable(section: string, key: string, value: string): Verdict {
	const named = secretName.test(key) && !key.endsWith('askpass') && !/^(?:true|false)$/i.test(value);
	const header = section === 'http' && key === 'extraheader';
	const helper = section === 'credential' && value.startsWith('!') && inlineSecret.test(value);
	// A proxy may go without a scheme.
	const stripped = withoutPasswords(key.endsWith('proxy') ? value.replace(/^([^\s/:@]+):[^\s/]*@/, '$1@') : value);
	if (value !== '' && (named || header || helper || holdsSecret(stripped))) {
		return 'dropped';
	}

	return stripped === value ? 'kept' : {value: stripped};
}
