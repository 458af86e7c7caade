import {z} from 'zod';
import type {Http, HttpRequest} from '../../system/http.js';
import {badAnswer} from './registry-errors.js';

/** What a person is to a registry. Values are secrets; `origin` is for words. */
export type Login = {readonly origin: string} & (
	| {readonly kind: 'password'; readonly username: string; readonly password: string}
	/** OAuth's refresh token, which Docker's helpers give instead of a password. */
	| {readonly kind: 'identity'; readonly token: string}
	/** A token that is sent as it is. */
	| {readonly kind: 'bearer'; readonly token: string}
);

export type Challenge = {readonly scheme: string; readonly parameters: Readonly<Record<string, string>>};

/** Reads a `WWW-Authenticate` header (RFC 9110, 11.6.1): one challenge after the other, each with its parameters. */
export function readChallenges(header: string): Challenge[] {
	const challenges: Array<{scheme: string; parameters: Record<string, string>}> = [];
	const token = "[\\w!#$%&'*+.^`|~-]+";
	const pattern = new RegExp(
		`\\s*(?:,\\s*)*(?:(${token})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|(${token}))|(${token})(?=\\s|,|$))`,
		'y',
	);
	for (let match = pattern.exec(header); match; match = pattern.exec(header)) {
		const [, name, quoted, plain, scheme] = match;
		if (scheme !== undefined) {
			challenges.push({scheme: scheme.toLowerCase(), parameters: {}});
		} else if (name !== undefined) {
			const last = challenges.at(-1);
			if (last) {
				last.parameters[name.toLowerCase()] = quoted?.replaceAll(/\\(.)/g, '$1') ?? plain ?? '';
			}
		}
	}

	return challenges;
}

const tokenAnswer = z.object({
	token: z.string().min(1).optional(),
	access_token: z.string().min(1).optional(),
});

const headerSafe = /^[\x21-\x7E]+$/;

const basic = (username: string, password: string): string =>
	`Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;

export type AuthorizeOptions = {
	readonly http: Http;
	readonly registry: string;
	/** Whether plain HTTP is allowed: then the token's server may speak it, too. */
	readonly plain: boolean;
	readonly scope: string;
	readonly signal: AbortSignal | undefined;
};

/**
The `Authorization` header that answers a registry's challenge: Basic, or a token from the server that it names
(https://distribution.github.io/distribution/spec/auth/token). Undefined where the login cannot answer it. A password goes to that server only over
HTTPS, unless the registry itself is allowed plain HTTP.
*/
export async function authorize(
	header: string | undefined,
	login: Login | undefined,
	options: AuthorizeOptions,
): Promise<string | undefined> {
	const challenges = readChallenges(header ?? '');
	const bearer = challenges.find(({scheme}) => scheme === 'bearer');
	if (bearer) {
		return login?.kind === 'bearer' ? `Bearer ${login.token}` : fetchToken(bearer.parameters, login, options);
	}

	if (challenges.some(({scheme}) => scheme === 'basic') && login?.kind === 'password') {
		return basic(login.username, login.password);
	}

	return undefined;
}

async function fetchToken(
	{realm = '', service, scope: wanted}: Readonly<Record<string, string>>,
	login: Login | undefined,
	{http, registry, plain, scope, signal}: AuthorizeOptions,
): Promise<string> {
	const url = URL.parse(realm);
	if (!url || !(url.protocol === 'https:' || (plain && url.protocol === 'http:')) || url.username !== '' || url.password !== '') {
		throw badAnswer(registry, 'a login server whose address cannot be trusted');
	}

	const scopes = (wanted || scope).split(' ');
	const {body} = await http.json(
		login?.kind === 'identity' ? refresh(url, service, scopes, login.token, signal) : ask(url, service, scopes, login, signal),
	);
	const answer = tokenAnswer.safeParse(body);
	const token = answer.data?.token ?? answer.data?.access_token;
	if (token === undefined || !headerSafe.test(token)) {
		throw badAnswer(registry, 'no token, where one was asked for');
	}

	return `Bearer ${token}`;
}

function ask(
	url: URL,
	service: string | undefined,
	scopes: readonly string[],
	login: Login | undefined,
	signal: AbortSignal | undefined,
): HttpRequest {
	const asked = new URL(url);
	if (service !== undefined) {
		asked.searchParams.set('service', service);
	}

	for (const scope of scopes) {
		asked.searchParams.append('scope', scope);
	}

	return {
		url: asked,
		...(login?.kind === 'password' ? {headers: {authorization: basic(login.username, login.password)}} : {}),
		signal,
	};
}

const refresh = (
	url: URL,
	service: string | undefined,
	scopes: readonly string[],
	token: string,
	signal: AbortSignal | undefined,
): HttpRequest => ({
	url,
	method: 'POST',
	headers: {'content-type': 'application/x-www-form-urlencoded'},
	body: new URLSearchParams({
		grant_type: 'refresh_token',
		refresh_token: token,
		client_id: 'dstack-tui',
		scope: scopes.join(' '),
		...(service === undefined ? {} : {service}),
	}).toString(),
	repeatable: true,
	signal,
});
