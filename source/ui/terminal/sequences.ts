import type {NotifyWay} from '../../runs/settings/attention-settings.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import {cut} from '../drawing/cells.js';

type Environment = Readonly<Record<string, string | undefined>>;

const escape = '\u001B';
const bell = '\u0007';
/** Ends a string; `ESC \` would end the envelope of `screen` as well. */
const end = bell;

/** Columns of what is said in a title or a notification. */
const most = {title: 120, notification: 200};

const takesOsc9 = new Set(['iTerm.app', 'WezTerm', 'ghostty', 'WarpTerminal']);

/**
The way that fits the terminal, by what it tells of itself: OSC 9 where that is known to notify (iTerm2, WezTerm, Ghostty, kitty, Warp), OSC 777
for foot and rxvt-unicode, else the bell. Windows Terminal is called by the bell too: its OSC 9 is ConEmu's, which means other things.
*/
export function usualNotifyWay(env: Environment): NotifyWay {
	const {TERM: term = ''} = env;
	const isOsc9 =
		takesOsc9.has(env['TERM_PROGRAM'] ?? '') ||
		// Which survives `ssh` and tmux.
		env['LC_TERMINAL'] === 'iTerm2' ||
		['KITTY_WINDOW_ID', 'GHOSTTY_RESOURCES_DIR', 'WEZTERM_PANE'].some(name => Boolean(env[name])) ||
		/^(?:xterm-kitty|xterm-ghostty|ghostty|wezterm)/.test(term);
	return isOsc9 ? 'osc9' : /^(?:foot|rxvt-unicode)/.test(term) ? 'osc777' : 'bell';
}

/** The program between this one and the terminal that keeps strange sequences to itself; also the one that `ssh` was called in. */
export function multiplexerOf({TMUX, STY, TERM = ''}: Environment): 'tmux' | 'screen' | undefined {
	return TMUX || TERM.startsWith('tmux') ? 'tmux' : STY || TERM.startsWith('screen') ? 'screen' : undefined;
}

/** Characters of one string that `screen` takes for sure: it keeps 768 bytes. */
const screenLimit = 190;

/** A sequence that the terminal gets also through tmux (with `allow-passthrough on`, from 3.3) and through `screen`. */
export function passThrough(sequence: string, env: Environment): string {
	switch (multiplexerOf(env)) {
		case 'tmux': {
			return `${escape}Ptmux;${sequence.replaceAll(escape, escape + escape)}${escape}\\`;
		}

		case 'screen': {
			const parts = sequence.match(new RegExp(`[^]{1,${screenLimit}}`, 'g')) ?? [];
			return parts.map(part => `${escape}P${part}${escape}\\`).join('');
		}

		default: {
			return sequence;
		}
	}
}

/** What calls the person with these words, by their setting or as it is usual for the terminal. Nothing when that is off. */
export function notification(words: string, env: Environment, way: NotifyWay = usualNotifyWay(env)): string {
	const text = cut(neutraliseLine(words), most.notification);
	switch (way) {
		case 'off': {
			return '';
		}

		case 'bell': {
			return bell;
		}

		case 'osc9':
		case 'osc777': {
			const sequence =
				way === 'osc9' ? `${escape}]9;${text}${end}` : `${escape}]777;notify;dstack-tui;${text.replaceAll(';', ',')}${end}`;
			// Both let nothing through unless they are told to, and mark the window of a bell.
			return passThrough(sequence, env) + (multiplexerOf(env) ? bell : '');
		}
	}
}

/** Whether there is a title to set: the console of Linux would print it. */
export const hasTitle = ({TERM: term = ''}: Environment): boolean => !/^(?:linux|dumb|vt\d+)$/.test(term);

/** Sets the title of the window (OSC 2). */
export const titleSequence = (title: string): string => `${escape}]2;${cut(neutraliseLine(title), most.title)}${end}`;

/** Keeps the title that the window has (XTWINOPS). */
export const keepTitle = `${escape}[22;2t`;
/** Gives it back; where the terminal kept none, an empty one makes it name itself as it does. */
export const giveTitleBack = `${escape}]2;${end}${escape}[23;2t`;

/** Puts text on the clipboard of the terminal that the person sits at (OSC 52), over any number of SSH hops. */
export function clipboardSequence(text: string, env: Environment): string {
	const sequence = `${escape}]52;c;${Buffer.from(text).toString('base64')}${end}`;
	// With `set-clipboard on`, tmux takes it as it is; as it comes by default, only what is passed through.
	return multiplexerOf(env) === 'tmux' ? sequence + passThrough(sequence, env) : passThrough(sequence, env);
}

/** Bytes of text that every terminal with a clipboard takes: of the sequence, xterm and others keep 74,994 in base64. */
export const clipboardLimit = 56_000;
