import path from 'node:path';
import {neutraliseLine} from '../../system/terminal-text.js';
import type {Connection} from '../connection/contract.js';
import {followScript} from '../connection/follow-script.js';

/** A port at which something listens inside the environment, where our forwards can reach it. */
export type ListeningPort = {
	readonly port: number;
	/** The program that listens, as it was started; undefined for another user's. */
	readonly process: string | undefined;
};

export type ListeningOptions = {
	/** Ports that are no news. Without them, those of the first look are. */
	readonly before?: ReadonlySet<number>;
	/** Called with what is known already, to be given as `before` over the next connection. */
	readonly onBefore?: (ports: ReadonlySet<number>) => void;
	/** Called when it cannot be watched. */
	readonly onTrouble?: (message: string) => void;
};

/** SSH itself: the machine's, and the environment's. */
const ours = new Set([22, 10_022]);
const lookEvery = 3;
const longestName = 40;
const mostPorts = 1000;
/** What is kept of one look: of processes, and characters of how each was started. */
const [mostCommands, longestCommand] = [5000, 1000];

/**
Prints, when something changed, a line `L ADDRESS:PORT INODE` for each listener as /proc/net/tcp has it, a line `P INODE NAME` for each
of their processes that may be seen, and a full stop. A look costs two short processes; who listens is looked up only after a change.
*/
const script = `
last=none
while :; do
	now=$(grep -h ' 0A ' /proc/net/tcp /proc/net/tcp6 2>/dev/null | while read -r _ address _ _ _ _ _ _ _ inode _; do
		echo "L $address $inode"
	done)
	if [ "$now" != "$last" ]; then
		last=$now
		set --
		for word in $now; do
			case $word in L | *:*) ;; *) set -- "$@" -e "socket:.$word.\\$" ;; esac
		done
		[ -z "$now" ] || printf '%s\\n' "$now"
		[ $# -eq 0 ] || ls -l /proc/[0-9]*/fd 2>/dev/null | grep -e '^/proc/' "$@" | while read -r line; do
			case $line in
			/proc/*) pid=\${line#/proc/} pid=\${pid%%/*} ;;
			*)
				inode=\${line##*socket:?}
				echo "P \${inode%?} $(tr '\\0\\n' '\\n ' <"/proc/$pid/cmdline" 2>/dev/null | head -n 1)"
				;;
			esac
		done
		echo .
	fi
	sleep ${lookEvery}
done`;

/** Whether a listener at an address of /proc/net/tcp, hexadecimal, is reached over the loopback. */
const isReachable = (address: string): boolean =>
	address.length === 8
		? address.endsWith('7F') || address === '00000000'
		: /^0{32}$/.test(address) ||
			address === '00000000000000000000000001000000' ||
			/^0{16}FFFF0000(?:[0-9A-F]{6}7F|0{8})$/.test(address);

/** The servers of IDEs and SSH open ports for themselves, which they carry themselves. */
const isInternal = (command: string): boolean =>
	/\/\.[\w-]+-server(?:-insiders)?\//.test(command) || /^(?:\S*\/)?sshd(?:-session)?\b/.test(command);

const nameOf = (command: string): string | undefined =>
	neutraliseLine(path.posix.basename(command.trim())).slice(0, longestName) || undefined;

/** One look, of lines that anybody in there could have forged, and that may never end: what is no listener, or too much, is left out. */
class Look {
	/** By port, so never more than there are. */
	readonly #inodes = new Map<number, string>();
	readonly #commands = new Map<string, string>();

	take(line: string): void {
		const listener = /^L ((?:[0-9A-F]{8}){1,4}):([0-9A-F]{4}) (\d{1,20})$/.exec(line);
		const process = /^P (\d{1,20}) (.*)$/.exec(line);
		if (listener?.[1] && listener[2] && listener[3] && isReachable(listener[1])) {
			this.#inodes.set(Number.parseInt(listener[2], 16), listener[3]);
		} else if (process?.[1] && (this.#commands.size < mostCommands || this.#commands.has(process[1]))) {
			// A piece of a string keeps all of it in memory, unless it is copied.
			this.#commands.set(process[1], Buffer.from((process[2] ?? '').slice(0, longestCommand)).toString());
		}
	}

	ports(): ListeningPort[] {
		return [...this.#inodes]
			.filter(([port, inode]) => port > 0 && !ours.has(port) && !isInternal(this.#commands.get(inode) ?? ''))
			.map(([port, inode]) => ({port, process: nameOf(this.#commands.get(inode) ?? '')}))
			.sort((a, b) => a.port - b.port)
			.slice(0, mostPorts);
	}
}

/**
Reports ports that start and stop listening inside the environment, all that are news each time, within about three seconds. Ends with
the connection, or when the returned function is called.
*/
export function watchListening(
	connection: Connection,
	onChange: (ports: readonly ListeningPort[]) => void,
	{before, onBefore, onTrouble = () => undefined}: ListeningOptions = {},
): () => void {
	let known = before && new Set(before);
	let told = '[]';
	let next = new Look();
	const look = () => {
		const ports = next.ports();
		next = new Look();
		const open = new Set(ports.map(({port}) => port));
		const stillKnown = known ? [...known].filter(port => open.has(port)) : [...open];
		if (stillKnown.length !== known?.size) {
			// One that stopped is news when it comes back.
			known = new Set(stillKnown);
			onBefore?.(known);
		}

		const news = ports.filter(({port}) => !known?.has(port));
		if (JSON.stringify(news) !== told) {
			told = JSON.stringify(news);
			onChange(news);
		}
	};

	return followScript(
		connection,
		script,
		line => {
			if (line === '.') {
				look();
			} else {
				next.take(line);
			}
		},
		{
			onTrouble,
			onRestart() {
				next = new Look();
			},
		},
	);
}
