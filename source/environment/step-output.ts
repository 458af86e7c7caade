import {StringDecoder} from 'node:string_decoder';
import {countLines} from '../system/count-lines.js';
import {Problem} from '../system/problem.js';
import type {LeftOut} from './step.js';

/**
A step's output lies there in pieces: `log` with its beginning, and `log.BYTE-LINE` for each later one, which begins at that byte and that line
of all that came. Of the later ones only the newest are kept: so much, and no more, may a step take of the disk.
*/
export const pieceSize = 8 * 1024 * 1024;
const keptPieces = 3;
/** Of one write to a piece, which may be so much longer. Bytes, times. */
const [blockSize, blocks] = [64 * 1024, 16];
/** Bytes of one look at what is new, which is every 0.2 s: nobody reads faster, and a screen has other things to do. */
const lookSize = 1024 * 1024;

/** Says in the output that the script has ended: what comes later is of what it left running. No text has it, and it is not shown. */
const endMark = '\\036\\034\\036';
const marks = /[\u001C\u001E]/g;

/** `size_of FILE` sets `size`, where it can without reading the file. */
const sizeFunction = `size_of() {
  if [ ! -f "$1" ]; then size=0; return; fi
  set -- "$(ls -ln "$1" 2>/dev/null)" "$1"
  if [ -n "$1" ]; then set -- $1; size=$5; else size=$(wc -c < "$2"); fi
}`;

/**
Shell code that leads all output of what follows through a pipe into the pieces in the folder \`d\`; whoever writes faster than the disk takes
it has to wait. Who writes can read that pipe too, so that no program is ended by it, ever. Once another try of the step has begun, what is
still running of this one is read by nobody.
*/
export const keepOutput = `${sizeFunction}
keep() {
  # It ends with the last one that writes.
  trap '' HUP INT TERM
  at=0 line=0 size=0 kept= f=$d/log
  while :; do
    told=$(LC_ALL=C dd bs=${blockSize} count=${blocks} 2>&1 >> "$f")
    case $told in
      '0+0 records in'*) break ;;
      *'records in'*) ;;
      # What cannot be kept is still taken, so that nobody waits for ever.
      *) if ! true 2>/dev/null >> "$f"; then case "$(LC_ALL=C dd bs=${blockSize} count=1 2>&1 of=/dev/null)" in '0+0 '*) break ;; esac; fi ;;
    esac
    size_of "$f"
    now=
    read -r now 2>/dev/null < "$d/pid"
    [ "$now" = $$ ] || exec cat > /dev/null
    [ "$size" -ge ${pieceSize} ] || continue
    at=$((at + size)) line=$((line + $(wc -l < "$f"))) size=0
    f=$d/log.$at-$line kept="$kept $at-$line"
    set -- $kept
    while [ $# -gt ${keptPieces} ]; do rm -f "$d/log.$1"; shift; done
    kept="$*"
  done
}
piped=
if command -v dd >/dev/null 2>&1 && command -v grep >/dev/null 2>&1 && rm -f "$d/pipe" && mkfifo "$d/pipe" 2>/dev/null; then
  keep < "$d/pipe" &
  exec 1<> "$d/pipe" 2>&1
  piped=yes
fi
`;

/** Waits, a while, until all that came so far is in the pieces. */
export const awaitOutput = `if [ -n "$piped" ]; then
  mark=$(printf '${endMark}')
  printf %s "$mark"
  n=0
  until LC_ALL=C grep -q -F -e "$mark" "$d"/log "$d"/log.*-* 2>/dev/null || [ "$n" -gt 100 ]; do n=$((n + 1)); sleep 0.05 2>/dev/null || sleep 1; done
fi
`;

/** Puts the output of an earlier try aside. */
export const rotateOutput = `rm -f "$d"/log.*
[ -f "$d/log" ] && mv "$d/log" "$d/log.1"
`;

/** Begins what `sendNew` prints: where it is, which line that is where something was left out before it, and how many bytes follow. */
const headMark = '\u001E';
const headPattern = /^\u001E(\d{1,15}) (-|\d{1,15}) (\d{1,15})$/;
const longestHead = 64;

/**
Shell functions that print a step's output from the byte \`at\` on, in parts, each after a head: \`begin_at BYTE\`, from the first one where there
is less; \`send_new BYTES\` prints so many at most.
*/
export const sendFunctions = `${sizeFunction}
begin_at() {
  at=$1 current=0 known=- pieces=
  list
  for piece in 0-0 $pieces; do
    file_of "$piece"
    size_of "$f"
    end=$((\${piece%-*} + size))
  done
  [ "$end" -ge "$at" ] || at=0
}
file_of() { case $1 in 0-0) f=$d/log ;; *) f=$d/log.$1 ;; esac; }
list() {
  set -- "$d"/log.*-*
  [ "$*" != "$known" ] || return 0
  known=$* pieces=
  [ -f "$1" ] || return 0
  pieces=$(ls "$d" | sed -n 's/^log\\.\\([0-9]*-[0-9]*\\)$/\\1/p' | sort -n)
}
send_new() {
  left=$1
  list
  for piece in 0-0 $pieces; do
    first=\${piece%-*}
    if [ "$first" -lt "$current" ] || [ "$left" -le 0 ]; then continue; fi
    file_of "$piece"
    size_of "$f"
    current=$first
    [ "$((first + size))" -gt "$at" ] || continue
    line=- from=$at
    if [ "$first" -gt "$at" ]; then from=$first line=\${piece#*-}; fi
    n=$((first + size - from))
    [ "$n" -le "$left" ] || n=$left
    # One that was dropped in between is left out.
    { printf '${headMark}%s %s %s\\n' "$from" "$line" "$n" && tail -c "+$((from - first + 1))" | head -c "$n"; } 2>/dev/null < "$f" || continue
    at=$((from + n)) left=$((left - n))
  done
}
`;

/** The commands that print what is new: as much as anybody reads, and all of it when the step is over. */
export const sendNew = (isOver: string): string =>
	`if [ -n "${isOver}" ]; then send_new 999999999999; else send_new ${lookSize}; fi`;

/** How far a step's output has been received. Over the next link it goes on from there. */
export class Heard {
	/** Bytes. */
	at = 0;
	/** The end of what was said. */
	tail = '';
	#lines = 0;
	#decoder = new StringDecoder('utf8');

	take(piece: Buffer): string {
		const text = this.#decoder.write(piece).replace(marks, '');
		this.at += piece.length;
		this.#lines += countLines(piece);
		this.tail = (this.tail + text).slice(-20_000);
		return text;
	}

	/** Goes on from another place; what is left out by that, where it is further on. */
	moveTo(at: number, line: number | undefined): LeftOut | undefined {
		const leftOut = at > this.at ? {bytes: at - this.at, lines: Math.max(0, (line ?? this.#lines) - this.#lines)} : undefined;
		if (at !== this.at) {
			this.at = at;
			this.#lines = at === 0 ? 0 : (line ?? this.#lines);
			this.#decoder = new StringDecoder('utf8');
			this.tail = at === 0 ? '' : `${this.tail}\n`;
		}

		return leftOut;
	}
}

type Part = {readonly leftOut?: LeftOut; readonly log: string};

/** Takes what `sendNew` prints apart again, however it is cut on its way. Throws a `Problem` where it is nothing of that kind. */
export class OutputParts {
	readonly #heard: Heard;
	readonly #onPart: (part: Part) => void;
	#head = '';
	#left = 0;

	constructor(heard: Heard, onPart: (part: Part) => void) {
		this.#heard = heard;
		this.#onPart = onPart;
	}

	take(piece: Buffer): void {
		for (let rest = piece; rest.length > 0;) {
			if (this.#left === 0) {
				rest = this.#takeHead(rest);
				continue;
			}

			const part = rest.subarray(0, this.#left);
			this.#left -= part.length;
			rest = rest.subarray(part.length);
			this.#onPart({log: this.#heard.take(part)});
		}
	}

	/** Takes what belongs to the head, and returns what comes behind it. */
	#takeHead(rest: Buffer): Buffer {
		const end = rest.indexOf('\n');
		this.#head += rest.toString('latin1', 0, Math.min(end < 0 ? rest.length : end, longestHead));
		if (end < 0 && this.#head.length < longestHead) {
			return Buffer.alloc(0);
		}

		const [found, at, line, length] = headPattern.exec(this.#head) ?? [];
		if (found === undefined) {
			throw new Problem('failed', 'its log cannot be read: what comes from there is something else');
		}

		this.#head = '';
		this.#left = Number(length);
		const leftOut = this.#heard.moveTo(Number(at), line === '-' ? undefined : Number(line));
		if (leftOut) {
			this.#onPart({leftOut, log: ''});
		}

		return rest.subarray(end + 1);
	}
}
