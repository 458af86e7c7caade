import {messageOf} from '../../system/problem.js';
import {quote, viaSh} from '../../system/shell.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import type {Link} from '../../system/link.js';
import type {StepContext} from '../step.js';
import {withoutUser} from './credentials.js';
import {git, gitOutput} from './git.js';
import {readSettings} from './settings.js';
import {originOf} from './person-settings.js';
import {gitFolder} from './git-location.js';
import {isPartial} from './repository.js';
import type {History} from './shipment.js';
import {incomingFolder} from './remote-upload.js';

/** Less history than this is sent faster than it is asked for. Bytes. */
export const worthFetching = 4 * 1024 * 1024;
const mostTips = 64;

/** What could be fetched there, and from where. */
export type Origin = {
	/** In the order in which they are tried; without a credential. */
	readonly urls: readonly string[];
	/** Commits that origin had when it was last asked here, newest first. */
	readonly tips: readonly string[];
};

const text = async (folder: string, ...args: string[]): Promise<string> =>
	(await git(gitFolder(folder), args)).stdout.toString('utf8').trim();

/** Where a repository came from, if it is a place that another machine may ask: undefined for folders, and where history is not whole here. */
export async function findOrigin({folder}: History): Promise<Origin | undefined> {
	const [url, shallow, refs] = await Promise.all([
		originOf(gitFolder(folder)),
		text(folder, 'rev-parse', '--is-shallow-repository'),
		text(
			folder,
			'for-each-ref',
			'--sort=-committerdate',
			`--count=${mostTips}`,
			'--format=%(objectname)',
			'refs/remotes/origin/',
		),
	]);
	const urls = urlsOf(url);
	const tips = [...new Set(refs.split('\n').filter(line => /^[\da-f]{40}$/.test(line)))];
	const format = readSettings(folder).get('extensions.objectformat')?.at(-1) ?? '';
	const whole = shallow === 'false' && !isPartial(folder) && !/sha256/i.test(format);
	return urls.length > 0 && tips.length > 0 && whole ? {urls, tips} : undefined;
}

/** A public repository needs no key over https, though people mostly have it over SSH. */
export function urlsOf(url: string): string[] {
	if (/[\0-\x20]/.test(url)) {
		return [];
	}

	if (/^(?:https?|git):\/\/./i.test(url)) {
		return [withoutUser(url)];
	}

	const [, host, name] =
		/^ssh:\/\/(?:[^/@]*@)?([\w.-]+)(?::22)?\/(.+)$/i.exec(url) ?? /^(?:[^/@:]*@)?([\w.-]{2,}):(?!\/\/)([^-].*)$/.exec(url) ?? [];
	const overSsh = /^ssh:\/\/[^-]/i.test(url) ? url.replace(/^(ssh:\/\/[^/@:]*):[^/@]*@/i, '$1@') : name === undefined ? [] : url;
	const overHttps = host !== undefined && name !== undefined ? [`https://${host}/${name.replace(/^\/+/, '')}`] : [];
	return [...overHttps, overSsh].flat();
}

/** Nobody is asked for a name there, and nothing is written of a host that is only read from: what comes is checked by its hash. */
const quietly = `GIT_TERMINAL_PROMPT=0 GIT_ASKPASS=true SSH_ASKPASS=true GIT_HTTP_LOW_SPEED_LIMIT=1000 GIT_HTTP_LOW_SPEED_TIME=20 LC_ALL=C
GIT_SSH_COMMAND='ssh -o BatchMode=yes -o ConnectTimeout=8 -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR'
export GIT_TERMINAL_PROMPT GIT_ASKPASS SSH_ASKPASS GIT_HTTP_LOW_SPEED_LIMIT GIT_HTTP_LOW_SPEED_TIME LC_ALL GIT_SSH_COMMAND
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_OBJECT_DIRECTORY`;

/** Git there, under a number that is known to whoever comes after a lost link. */
const announced = `sh -c ': > "receivers/$$"; exec git "$@"' git --git-dir=store -c credential.helper= -c fetch.unpackLimit=1 -c gc.auto=0 -c maintenance.auto=false -c core.hooksPath=/dev/null`;

const enter = (context: StepContext): string => `cd ${quote(incomingFolder(context))} || exit 1
: > "receivers/$$"
umask 022
${quietly}
[ -d store ] || git init -q --bare --template= store || exit 1`;

/** Seconds in which origin has to say what it has. */
const answerLimit = 10;
/** Milliseconds without a word while it sends. */
const silenceLimit = 40_000;

/** What a fetch came to: the commits that are there now, or why none are. */
export type Fetched = {readonly tips: readonly string[]} | {readonly reason: string};

/**
Has the machine fetch from origin what it can get without anybody's credentials. Never throws but for the signal and a link that was lost:
where it does not work, history is sent.
*/
export async function fetchOnInstance(
	link: Link,
	history: History,
	origin: Origin,
	context: StepContext,
	onProgress: (percent: number) => void,
	signal?: AbortSignal,
): Promise<Fetched> {
	let reason = '';
	for (const url of origin.urls) {
		const asked = await askInstance(link, url, context, signal);
		if (typeof asked === 'string') {
			reason = asked;
			continue;
		}

		// What origin had when it was last asked; where it has forgotten some of that, what it has and we know.
		const known = await present(history, asked);
		for (const tips of [origin.tips, known]) {
			const failure =
				tips.length > 0 ? await fetchTips(link, url, tips, context, onProgress, signal) : 'it has nothing that is here';
			if (failure === undefined) {
				return {tips};
			}

			reason = failure;
		}
	}

	return {reason};
}

const present = async ({folder}: History, ids: readonly string[]): Promise<string[]> => {
	const input = Buffer.from(ids.map(id => `${id}\n`).join(''));
	const {stdout} = await git(gitFolder(folder), ['cat-file', '--batch-check=%(objectname) %(objecttype)'], {input});
	return stdout
		.toString('latin1')
		.split('\n')
		.flatMap(line => /^([\da-f]{40}) commit$/.exec(line)?.[1] ?? [])
		.slice(0, mostTips);
};

const lastLine = (output: string): string =>
	neutraliseLine(withoutUser(output.trim().split('\n').at(-1) ?? '').replace(/^fatal: /, ''));

/** The tips of origin's branches, or why it did not list them. */
async function askInstance(link: Link, url: string, context: StepContext, signal?: AbortSignal): Promise<string[] | string> {
	const script = `${enter(context)}
${announced} ls-remote --heads -- ${quote(url)} > advertised 2> complaints & p=$!
(sleep ${answerLimit}; kill "$p") > /dev/null 2>&1 & w=$!
wait "$p"; c=$?
kill "$w" 2>/dev/null
cut -c 1-40 advertised | sort -u | head -n 10000
cat complaints >&2
exit "$c"`;
	const {code, stdout, stderr} = await link.exec(viaSh(script), {signal});
	if (code !== 0) {
		return code > 128 ? `no answer in ${answerLimit} s` : lastLine(stderr) || `exit code ${code}`;
	}

	return stdout.split('\n').filter(line => /^[\da-f]{40}$/.test(line));
}

async function fetchTips(
	link: Link,
	url: string,
	tips: readonly string[],
	context: StepContext,
	onProgress: (percent: number) => void,
	signal?: AbortSignal,
): Promise<string | undefined> {
	const wanted = tips.map(tip => `+${tip}:refs/tips/${tip}`).join(' ');
	const script = `${enter(context)}
rm -f fetched
${announced} fetch --progress --no-tags --no-recurse-submodules -- ${quote(url)} ${wanted} || exit 1
for t in ${tips.join(' ')}; do echo "$t"; done > fetched.new && mv fetched.new fetched`;
	let errors = '';
	try {
		const {code} = await link.exec(viaSh(script), {
			signal,
			idleLimit: silenceLimit,
			onOutput(piece) {
				errors = (errors + piece.toString('utf8')).slice(-4000);
				const percent = /Receiving objects: +(\d+)%[^%]*$/.exec(errors)?.[1];
				if (percent !== undefined) {
					onProgress(Number(percent));
				}
			},
		});
		return code === 0 ? undefined : lastLine(errors.replaceAll('\r', '\n')) || `exit code ${code}`;
	} catch (error) {
		signal?.throwIfAborted();
		await stopFetch(link, context, signal);
		return messageOf(error);
	}
}

/** A fetch without output for too long. Rejects where it is the link that is lost. */
const stopFetch = async (link: Link, context: StepContext, signal?: AbortSignal): Promise<unknown> =>
	link.exec(
		viaSh(`cd ${quote(incomingFolder(context))} && for r in receivers/*; do
if tr '\\0' ' ' < "/proc/\${r##*/}/cmdline" 2>/dev/null | grep -q 'refs/tips/'; then kill "\${r##*/}"; fi
done`),
		{signal},
	);

/**
Writes the objects that are here and not among what the commits lead to into a file: a pack that may build upon these, `git index-pack
--fix-thin` takes it. Returns how many they are.
*/
export async function packDifference({folder}: History, tips: readonly string[], file: string): Promise<number> {
	const list = async (...args: string[]) => (await gitOutput(gitFolder(folder), args)).toString('latin1').split('\n');
	const [all, reached] = await Promise.all([
		list('cat-file', '--batch-all-objects', '--batch-check=%(objectname)', '--unordered'),
		list('rev-list', '--objects', '--no-object-names', ...tips),
	]);
	const there = new Set(reached);
	const missing = all.filter(id => id !== '' && !there.has(id));
	if (missing.length > 0) {
		const input = Buffer.from([...tips.map(tip => `^${tip}`), ...missing, ''].join('\n'));
		const thin = ['pack-objects', '--revs', '--thin', '--stdout', '--delta-base-offset', '-q'];
		// With several threads the same objects would make another pack each time, and what has arrived of it would be worth nothing.
		const {code, stderr} = await git(gitFolder(folder), ['-c', 'pack.threads=1', ...thin], {input, file});
		if (code !== 0) {
			throw new Error(`git pack-objects: ${stderr}`);
		}
	}

	return missing.length;
}

/** Where the pack of the difference lies in the tree until git has taken it. */
export const thinName = '.dstack-tui-thin';

/** What was fetched and what was sent of history becomes one repository's. */
export const joinHistory = ({place}: History): string => `${quietly}
if [ -f tree/${thinName} ]; then git --git-dir=store index-pack --stdin --fix-thin < tree/${thinName} > /dev/null || exit 1; rm -f tree/${thinName}; fi
p=tree/${place === '' ? '' : `${place}/`}objects/pack; mkdir -p "$p" || exit 1
for f in store/objects/pack/pack-*; do ln -f "$f" "$p/" 2>/dev/null || cp -p "$f" "$p/" || exit 1; done`;
