import {defaultUrls, type FeedUrls} from './feed.js';
import {Problem} from '../../system/problem.js';

const prefix = 'DSTACK_TUI_FEED_';
const names = Object.keys(defaultUrls) as Array<keyof FeedUrls>;

/** The variable that names a feed's mirror: `DSTACK_TUI_FEED_AWS_PRICES`. */
export const feedVariable = (name: keyof FeedUrls): string =>
	prefix + name.replace(/[A-Z]/g, letter => `_${letter}`).toUpperCase();

/**
Where the feeds are read from: the environment's word before the settings' (`feeds` in `config.json`). Throws a `configuration` problem
that names the setting and never repeats it, since an address may hold a key.
*/
export function feedUrls(settings: unknown, variables: Readonly<Record<string, string | undefined>>): Partial<FeedUrls> {
	if (settings !== undefined && (typeof settings !== 'object' || settings === null || Array.isArray(settings))) {
		throw new Problem('configuration', '`feeds` in the settings is not an object of addresses', {next: known});
	}

	const given = (settings ?? {}) as Record<string, unknown>;
	const stranger = Object.keys(given).find(name => !(name in defaultUrls));
	if (stranger !== undefined) {
		throw new Problem('configuration', `\`feeds\` in the settings: there is no feed called '${stranger}'`, {next: known});
	}

	const urls: Partial<Record<keyof FeedUrls, string>> = {};
	for (const name of names) {
		const variable = feedVariable(name);
		if (variables[variable]) {
			urls[name] = address(name, variables[variable], variable);
		} else if (given[name] !== undefined) {
			urls[name] = address(name, given[name], `feeds.${name} in the settings`);
		}
	}

	return urls;
}

const known = `Feeds: ${names.join(', ')}.`;

function address(name: keyof FeedUrls, value: unknown, where: string): string {
	const url = typeof value === 'string' ? URL.parse(value) : undefined;
	if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
		throw new Problem('configuration', `${where} is not an address for HTTP without a name and password in it`, {
			next: `It is usually ${defaultUrls[name]}`,
		});
	}

	return defaultUrls[name].endsWith('/') ? String(value) : String(value).replace(/\/+$/, '');
}
