import {PassThrough} from 'node:stream';
import {Problem} from '../system/problem.js';
import {lastVersion, neutraliseLine} from '../system/terminal-text.js';
import type {Link} from '../system/link.js';
import {quote, viaSh} from '../system/shell.js';
import type {ScriptStep, StepContext, StepId, StepReport, StepResult} from './step.js';
import {awaitOutput, Heard, keepOutput, OutputParts, rotateOutput, sendFunctions, sendNew} from './step-output.js';
import {variablesFile, workFolder} from './variables.js';

const keptLines = 20;

/**
Runs a step's script on the instance, detached: a lost link neither ends nor repeats it. One that runs already is only followed; one whose
end was not reported yet is reported, not run again; one that is done `once` is reported too. Output comes from its first byte, or from where it was
`heard`. Rejects when the link is lost: the caller calls again over the next.
*/
export async function runScriptStep(
	link: Link,
	step: ScriptStep,
	context: StepContext,
	onReport: (report: StepReport) => void,
	signal?: AbortSignal,
	heard: Heard = new Heard(),
): Promise<StepResult> {
	const folder = stepFolder(context.stateFolder, step.id);
	await start(link, step, context, folder, signal);
	let complaint = '';
	// Open as long as this client listens: at its end the follower there ends too.
	const listening = new PassThrough();
	const giveUp = new AbortController();
	const parts = new OutputParts(heard, onReport);
	const follow = link.exec(viaSh(followScript(folder, heard.at)), {
		stdin: listening,
		signal: signal ? AbortSignal.any([signal, giveUp.signal]) : giveUp.signal,
		// A command may compile for minutes without a word; whether the link lives is the tunnel's to decide.
		idleLimit: 0,
		onOutput(piece, stream) {
			try {
				if (stream === 'stdout' && !giveUp.signal.aborted) {
					parts.take(piece);
				} else if (stream === 'stderr') {
					complaint = takeProgress(complaint + piece.toString('utf8'), onReport).slice(-2000);
				}
			} catch (error) {
				giveUp.abort(error);
			}
		},
	});
	const {code} = await follow.finally(() => listening.end());
	if (code !== 0) {
		const reason =
			code === died ? 'it was killed before it ended' : `its log cannot be read: ${neutraliseLine(complaint.trim())}`;
		throw new Problem('failed', reason, {next: 'Try again.'});
	}

	return readResult(link, folder, heard.tail, signal);
}

const died = 70;
/** Of what a step says of itself in one line, or of the command that failed, in characters. */
const [longestWords, longestCommand] = [500, 10_000];
/** Begins a line of the follower's that reports progress. */
const progressMark = '\u001E';

/** Reports the progress that whole lines report, and returns the rest of the text. */
function takeProgress(text: string, onReport: (report: StepReport) => void): string {
	return text.replaceAll(new RegExp(`${progressMark}(\\d{1,15}) (\\d{1,15}) ?(.*)\n`, 'g'), (_, done, total, words) => {
		onReport({
			done: Number(done),
			total: Number(total) || undefined,
			unit: 'bytes',
			...(words === '' ? {} : {text: neutraliseLine(String(words)).slice(0, longestWords)}),
		});
		return '';
	});
}

/** Reports whether the runner that a pid file names still lives; pids are used again, so the time of its start counts too. */
const aliveFunctions = `start_of() {
  if [ -r "/proc/$1/stat" ]; then
    stat=$(sed 's/^.*) //' "/proc/$1/stat" 2>/dev/null) || return
    case "$stat" in Z* | X* | '') ;; *) echo "$stat" | cut -d ' ' -f 20 ;; esac
  else ps -o lstart= -p "$1" 2>/dev/null; fi
}
alive() {
  [ -s "$1" ] || return 1
  read -r pid < "$1"
  kill -0 "$pid" 2>/dev/null && [ "$(start_of "$pid")" = "$(sed -n 2p "$1")" ]
}`;

/** Prints what a restart changes: of the kernel and of the first process. */
const beganFunction = 'began() { cat /proc/sys/kernel/random/boot_id 2>/dev/null; start_of 1; }';

/** What runs detached: its own pid first, then the script in bash where there is one, then its exit code in one piece. */
const runnerScript = (folder: string, context: StepContext): string => `d=${quote(folder)}
${aliveFunctions}
${beganFunction}
{ echo $$; start_of $$; } > "$d/pid.new" && mv "$d/pid.new" "$d/pid"
began > "$d/began"
# A full disk has room for the exit code where there was some from the start.
echo 000 > "$d/code.new"
export STEP_FOLDER="$d" DSTACK_TUI_INTENT=${quote(context.intentId)} DSTACK_TUI_RUN=${quote(context.run)}
${keepOutput}[ -r ${quote(variablesFile(context.stateFolder))} ] && . ${quote(variablesFile(context.stateFolder))}
umask 022
cd ${quote(workFolder(context))} 2>/dev/null || cd ${quote(context.workspace)}
if command -v bash >/dev/null 2>&1; then bash "$d/script"; else sh "$d/script"; fi
code=$?
umask 077
${awaitOutput}printf '%03d\n' "$code" 1<> "$d/code.new" && mv "$d/code.new" "$d/code"
`;

/** Whether the environment was started anew since a step ran there: what that left running is gone. Rejects when the link is lost. */
export async function isFromBefore(link: Link, id: StepId, {stateFolder}: StepContext, signal?: AbortSignal): Promise<boolean> {
	const script = `d=${quote(stepFolder(stateFolder, id))}
${aliveFunctions}
${beganFunction}
[ -f "$d/began" ] && [ "$(began)" != "$(cat "$d/began")" ] && echo restarted
exit 0`;
	const {stdout} = await link.exec(viaSh(script), {signal});
	return stdout.trim() === 'restarted';
}

/** Where a step's files lie there. */
export const stepFolder = (stateFolder: string, id: StepId): string => `${stateFolder}/steps/${id}`;

const border = '#--- script ---';
const end = '#--- end ---';

/**
Starts the step unless it runs, or has an end that is still to be reported. Two clients at once, or one whose first try is still under way
there, are kept apart by a folder that only one of them can make.
*/
async function start(link: Link, step: ScriptStep, context: StepContext, folder: string, signal?: AbortSignal): Promise<void> {
	const told = '[ ! -f "$d/seen" ]';
	const settled = step.when === 'once' ? `[ "$(cat "$d/code")" -eq 0 ] || ${told}` : told;
	const script = `umask 077
d=${quote(folder)}
${aliveFunctions}
mkdir -p "$d" || exit 1
n=0
until mkdir "$d/starting" 2>/dev/null; do
  # Removed meanwhile with its environment, it will never be made.
  [ -d "$d" ] || { echo 'its folder there is gone' >&2; exit 1; }
  n=$((n + 1))
  # One that has not yet said who it is may only be slow.
  { [ "$n" -gt 100 ] || { [ "$n" -gt 10 ] && [ -s "$d/starting/pid" ]; }; } && ! alive "$d/starting/pid" && rm -rf "$d/starting"
  sleep 0.1 2>/dev/null || sleep 1
done
{ echo $$; start_of $$; } > "$d/starting/pid"
trap '[ "$(sed -n 1p "$d/starting/pid" 2>/dev/null)" != $$ ] || rm -rf "$d/starting"' EXIT
cat > "$d/incoming" || exit 1
# A client that died while it sent has sent only a part.
[ "$(tail -n 1 "$d/incoming")" = '${end}' ] || exit 1
if alive "$d/pid"; then exit 0; fi
if [ -f "$d/code" ] && { ${settled}; }; then exit 0; fi
rm -f "$d/code" "$d/seen" "$d/pid" "$d/command" "$d/next" "$d/progress"
${rotateOutput}: > "$d/log"
sed '/^${border}$/,$d' "$d/incoming" > "$d/runner" && sed '1,/^${border}$/d' "$d/incoming" > "$d/script" || exit 1
if command -v setsid >/dev/null 2>&1; then setsid sh "$d/runner" < /dev/null >> "$d/log" 2>&1 &
else nohup sh "$d/runner" < /dev/null >> "$d/log" 2>&1 & fi
n=0
while [ ! -s "$d/pid" ] && [ ! -f "$d/code" ] && [ "$n" -lt 100 ]; do n=$((n + 1)); sleep 0.1 2>/dev/null || sleep 1; done
[ -s "$d/pid" ]`;
	const {code, stderr} = await link.exec(viaSh(script), {
		stdin: `${runnerScript(folder, context)}${border}\n${step.script.replace(/\n*$/, '\n')}${end}\n`,
		signal,
	});
	if (code !== 0) {
		throw new Problem('failed', `it could not be started there: ${neutraliseLine(stderr.trim()) || `exit code ${code}`}`);
	}
}

/**
Prints the output from a byte on as it grows, from its first one where it is shorter than that, and progress on standard error, until there is an exit code; ends with `died` when there
never will be. When standard input ends, nobody listens any more.
*/
const followScript = (folder: string, from: number): string => `d=${quote(folder)}
${aliveFunctions}
${sendFunctions}
exec 3<&0
(while read -r _ <&3; do :; done; kill $$) >/dev/null 2>&1 &
trap "kill $! 2>/dev/null" EXIT
[ -f "$d/log" ] || { echo "$d/log is not there" >&2; exit 1; }
begin_at ${from}
told=
while :; do
  over=; [ -f "$d/code" ] && over=yes
  gone=; [ -z "$over" ] && ! alive "$d/pid" && [ ! -f "$d/code" ] && gone=yes
  # What it said last may just be on its way into the log.
  [ -z "$gone" ] || sleep 0.3 2>/dev/null || sleep 1
  ${sendNew('$over$gone')}
  if [ -f "$d/progress" ] && read -r now < "$d/progress" && [ "$now" != "$told" ]; then told=$now; printf '${progressMark}%s\n' "$now" >&2; fi
  [ -n "$over" ] && exit 0
  [ -n "$gone" ] && exit ${died}
  sleep 0.2 2>/dev/null || sleep 1
done`;

async function readResult(link: Link, folder: string, tail: string, signal?: AbortSignal): Promise<StepResult> {
	const {code, stdout} = await link.exec(
		viaSh(
			`d=${quote(folder)}; umask 077; cat "$d/code" && : > "$d/seen" && { head -n 1 "$d/next" 2>/dev/null || echo; } && cat "$d/command" 2>/dev/null; exit 0`,
		),
		{signal},
	);
	const [first = '', next = '', ...rest] = stdout.split('\n');
	const exitCode = Number.parseInt(first, 10);
	if (code !== 0 || Number.isNaN(exitCode)) {
		throw new Problem('failed', 'its exit code cannot be read');
	}

	const command = rest.join('\n').trim().slice(0, longestCommand);
	const lines = tail.split('\n').map(line => neutraliseLine(lastVersion(line)));
	return {
		code: exitCode,
		command: exitCode === 0 || command === '' ? undefined : neutraliseLine(command),
		next: exitCode === 0 || next.trim() === '' ? undefined : neutraliseLine(next.trim()).slice(0, longestWords),
		lastLines: lines.filter(line => line.trim() !== '').slice(-keptLines),
	};
}
