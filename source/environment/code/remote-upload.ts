import {createHash} from 'node:crypto';
import {formatBytes} from '../../system/format.js';
import {quote, viaSh} from '../../system/shell.js';
import {Problem} from '../../system/problem.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import type {ExecResult, Link} from '../../system/link.js';
import type {StepContext} from '../step.js';

/** Milliseconds; a slow disk there may keep everything waiting. */
export const idleLimit = 300_000;

/** Where a run's code is gathered before it is moved to its place: always the same folder, so that what is there already is found again. */
const incomingName = ({intentId}: StepContext): string =>
	`.dstack-tui-${createHash('sha256').update(intentId).digest('hex').slice(0, 16)}`;
export const incomingFolder = (context: StepContext): string => `${context.workspace}/${incomingName(context)}`;

/** The file that says that the code is there as a whole. */
export const codeMark = ({stateFolder}: StepContext): string => `${stateFolder}/code-copied`;

const busy = 75;
const full = 76;

const isMarked = (context: StepContext): string =>
	`[ "$(cat ${quote(codeMark(context))} 2>/dev/null)" = ${quote(context.intentId)} ]`;

/** Whether the code is there, once and for all. One round trip. */
export async function isCopied(link: Link, context: StepContext, signal?: AbortSignal): Promise<boolean> {
	const {code} = await link.exec(viaSh(`if ${isMarked(context)}; then exit ${busy}; fi`), {signal});
	return code === busy;
}

/** Who writes in the incoming folder says so, for one that comes after a lost link. */
const announce = ': > "receivers/$$"';

/** Ends what an earlier attempt left running, and only that: a number may belong to another program by now. */
const endOthers = `ours() {
if [ -d /proc/self ]; then case "$(readlink "/proc/$1/cwd" 2>/dev/null)" in "$here" | "$here"/*) return 0 ;; esac
else case "$(ps -o command= -p "$1" 2>/dev/null)" in *tar* | *git* | *code-copied*) return 0 ;; esac; fi
return 1; }
here=$(cd "$i" && pwd -P)
for r in "$i"/receivers/*; do
p=\${r##*/}; n=0
case "$p" in *[!0-9]*) continue ;; esac
while ours "$p" && [ "$n" -lt 50 ]; do kill -9 "$p" 2>/dev/null; n=$((n + 1)); [ "$n" -eq 1 ] || sleep 0.1 2>/dev/null || sleep 1; done
rm -f "$r"
done`;

/** Everything is there and was found to be right: it moves to where it belongs, and is marked. May be cut short anywhere and begun again. */
const settle = (context: StepContext): string => `{
find "$i/tree" -mindepth 1 -maxdepth 1 -exec mv -- {} "$w" \\;
rmdir "$i/tree" 2>/dev/null
if [ -e "$i/tree" ]; then echo 'something is in the way' >&2; exit 1; fi
(umask 077; printf '%s\\n' ${quote(context.intentId)} > ${quote(codeMark(context))}) || exit 1
cd / && rm -rf "$i"
}`;

/** What the machine says of itself and of what is there already. */
export type RemoteState = {
	readonly units: ReadonlySet<string>;
	/** Ids of units that began to arrive and did not end. */
	readonly torn: ReadonlySet<string>;
	/** Something of an earlier attempt is there. */
	readonly earlier: boolean;
	readonly git: boolean;
	/** Commits that were fetched there before. */
	readonly fetched: readonly string[];
};

/**
Frees space, and reports what is there of an earlier attempt; undefined when there is nothing to copy. The workspace itself stays, since people
may stand in it.
*/
export async function begin(
	link: Link,
	bytes: number,
	context: StepContext,
	signal?: AbortSignal,
): Promise<RemoteState | undefined> {
	if (!/^\/+[^/]/.test(context.workspace)) {
		throw new Error(`not a workspace: ${context.workspace}`);
	}

	const needed = Math.ceil((bytes * 1.1) / 1024) + 1024;
	const script = `w=${quote(context.workspace)}; i=${quote(incomingFolder(context))}
if ${isMarked(context)}; then [ ! -d "$i" ] || rm -rf "$i"; exit ${busy}; fi
mkdir -p "$w" ${quote(context.stateFolder)} || exit 1
if [ -d "$i" ]; then
echo earlier
${endOthers}
if [ -e "$i/settling" ]; then ${settle(context)}; exit ${busy}; fi
fi
clear() { find "$w" -mindepth 1 -maxdepth 1 ! -name ${quote(incomingName(context))} -exec rm -rf -- {} +; }
clear 2>/dev/null || { find "$w" -type d -exec chmod u+rwx {} +; clear; } || exit 1
there=0; [ ! -d "$i" ] || there=$(du -sk "$i" | awk '{print $1}')
umask 077; mkdir -p "$i/tree" "$i/units" "$i/receivers" || exit 1
chmod 755 "$i/tree"
free=$(df -Pk "$w" | awk 'NR == 2 {print $4}')
case "$free" in '' | *[!0-9]*) ;; *) if [ "$((free + there))" -lt ${needed} ]; then echo "$free"; exit ${full}; fi ;; esac
if git --version >/dev/null 2>&1; then echo git; fi
[ ! -f "$i/fetched" ] || sed 's/^/fetched /' "$i/fetched"
ls "$i/units"`;
	const {code, stdout, stderr} = await link.exec(viaSh(script), {signal, idleLimit});
	if (code === busy) {
		return undefined;
	}

	if (code === full) {
		throw new Problem(
			'failed',
			`No space for the code: ${formatBytes(Number(stdout) * 1024)} free there, ${formatBytes(needed * 1024)} needed`,
			{next: 'Free some space, or choose an offer with a bigger disk.'},
		);
	}

	if (code !== 0) {
		throw new Problem('failed', `The workspace could not be made ready: ${reasonOf({code, stderr})}`);
	}

	return readThere(stdout);
}

function readThere(stdout: string): RemoteState {
	const lines = stdout.split('\n');
	const units = new Set(lines.filter(line => /^[a-z][\da-f]{24}$/.test(line)));
	const begun = lines.filter(line => /^[a-z][\da-f]{24}\.names$/.test(line)).map(line => line.replace('.names', ''));
	return {
		units,
		torn: new Set(begun.filter(id => !units.has(id))),
		earlier: lines.includes('earlier'),
		git: lines.includes('git'),
		fetched: lines.filter(line => /^fetched [\da-f]{40}$/.test(line)).map(line => line.replace('fetched ', '')),
	};
}

const reasonOf = ({code, stderr}: Pick<ExecResult, 'code' | 'stderr'>): string =>
	neutraliseLine(stderr.trim().split('\n').at(-1) ?? '') || `exit code ${code}`;

/** Removes what does not belong to the code any more: units that are not wanted, by their ids, and what is outside of all units. */
export async function removeStale(
	link: Link,
	stale: readonly string[],
	context: StepContext,
	signal?: AbortSignal,
): Promise<void> {
	const script = `cd ${quote(incomingFolder(context))} || exit 1
while read -r u; do
if [ -f "units/$u.names" ]; then xargs -0 rm -rf -- < "units/$u.names" || exit 1; fi
rm -f "units/$u" "units/$u.names"
done
if [ -f checked-out ]; then xargs -0 rm -rf -- < checked-out || exit 1; rm -f checked-out; fi
rm -rf modes
find tree -type l -exec rm -f -- {} +
find tree -depth -type d -exec rmdir -- {} + 2>/dev/null
mkdir -p tree && chmod 755 tree`;
	const result = await link.exec(viaSh(script), {stdin: stale.map(id => `${id}\n`).join(''), signal, idleLimit});
	if (result.code !== 0) {
		throw new Problem('failed', `What an earlier attempt left could not be removed: ${reasonOf(result)}`);
	}
}

/**
Unpacks standard input. As root, tar would give the files the owner that they have here (`-o` forbids it), and git there would call that
dubious. What comes after a failure is read to its end, so that the sender gets the failure and not of a broken pipe.
*/
export const unpackCommand = (context: StepContext): string =>
	viaSh(
		`umask 022; { cd ${quote(incomingFolder(context))} && sh -c ${quote(`${announce}; exec tar -xpof -`)}; } || { code=$?; cat > /dev/null; exit "$code"; }`,
	);

export const unpackProblem = (result: ExecResult): Problem =>
	new Problem('failed', `The code could not be unpacked there: ${reasonOf(result)}`);

/** Puts files together of which parts came. */
const assemble = `assemble() {
for d in "$1"/*/; do
[ -f "$d/name" ] || continue
n=$(cat "$d/name"; printf x); t=tree/\${n%x}
mkdir -p "\${t%/*}" && cat "$d"p* > whole && { chmod "$(stat -c %a "$d/p000000" 2>/dev/null || stat -f %Lp "$d/p000000")" whole; touch -r "$d/p000000" whole; mv -f whole "$t"; } || exit 1
done; }`;

/**
The last act: files are put together, git does its part (\`middle\`, a script in the incoming folder), and all moves to its place.
*/
export async function finish(link: Link, middle: string, context: StepContext, signal?: AbortSignal): Promise<void> {
	const script = `: code-copied
w=${quote(context.workspace)}; i=${quote(incomingFolder(context))}
cd "$i" || exit 1
${announce}
LC_ALL=C; export LC_ALL; umask 022
${assemble}
assemble parts
${middle}
assemble late
: > settling
${settle(context)}`;
	const result = await link.exec(viaSh(script), {signal, idleLimit});
	if (result.code !== 0) {
		throw new Problem('failed', `The code could not be put in its place: ${reasonOf(result)}`);
	}
}
