import {expect, test} from 'vitest';
import {
	clipboardSequence,
	giveTitleBack,
	hasTitle,
	keepTitle,
	multiplexerOf,
	notification,
	passThrough,
	titleSequence,
	usualNotifyWay,
} from '../../../source/ui/terminal/sequences.js';

const xterm = {TERM: 'xterm-256color'};
const tmux = {TERM: 'tmux-256color', TMUX: '/tmp/tmux-1000/default,1,0'};

test.each([
	['iTerm2', {TERM: 'xterm-256color', TERM_PROGRAM: 'iTerm.app'}, 'osc9'],
	['iTerm2 over ssh', {TERM: 'xterm-256color', LC_TERMINAL: 'iTerm2'}, 'osc9'],
	['WezTerm', {TERM: 'xterm-256color', TERM_PROGRAM: 'WezTerm'}, 'osc9'],
	['Ghostty', {TERM: 'xterm-ghostty'}, 'osc9'],
	['kitty', {TERM: 'xterm-kitty'}, 'osc9'],
	['kitty in tmux', {TERM: 'tmux-256color', TERM_PROGRAM: 'tmux', TMUX: 'x', KITTY_WINDOW_ID: '1'}, 'osc9'],
	['foot', {TERM: 'foot'}, 'osc777'],
	['rxvt-unicode', {TERM: 'rxvt-unicode-256color'}, 'osc777'],
	['Windows Terminal', {TERM: 'xterm-256color', WT_SESSION: 'x'}, 'bell'],
	['Terminal.app', {TERM: 'xterm-256color', TERM_PROGRAM: 'Apple_Terminal'}, 'bell'],
	['an unknown one', {}, 'bell'],
])('the usual way of %s', (_, env, way) => {
	expect(usualNotifyWay(env)).toBe(way);
});

test('each way has its sequence, and none is broken by what a cloud says', () => {
	const words = 'one: lost;\u001B]52;c;eA==\u0007 \u009Cby\nnight';
	expect(notification(words, xterm, 'osc9')).toBe('\u001B]9;one: lost; by night\u0007');
	expect(notification(words, xterm, 'osc777')).toBe('\u001B]777;notify;dstack-tui;one: lost, by night\u0007');
	expect(notification(words, xterm, 'bell')).toBe('\u0007');
	expect(notification(words, xterm, 'off')).toBe('');
	expect(notification('x'.repeat(5000), xterm, 'osc9').length).toBeLessThan(220);
	expect(titleSequence('a\u0007b\u001B]0;c\u001B\\d')).toBe('\u001B]2;abd\u0007');
});

test('tmux and screen get it in their envelope, with a bell that marks the window', () => {
	expect(notification('x', tmux, 'osc9')).toBe('\u001BPtmux;\u001B\u001B]9;x\u0007\u001B\\\u0007');
	expect(notification('x', {TERM: 'screen', STY: '1.a'}, 'osc9')).toBe('\u001BP\u001B]9;x\u0007\u001B\\\u0007');
	expect(notification('x', tmux, 'bell')).toBe('\u0007');
	expect(multiplexerOf({TERM: 'tmux-256color'})).toBe('tmux');
	expect(multiplexerOf({TERM: 'screen-256color', TMUX: 'x'})).toBe('tmux');
	expect(multiplexerOf({TERM: 'screen'})).toBe('screen');
	expect(multiplexerOf(xterm)).toBeUndefined();
});

test('screen gets a long one in parts, and all of it', () => {
	const sequence = clipboardSequence('é'.repeat(3000), {TERM: 'screen', STY: 'x'});
	const parts = sequence.split('\u001B\\').filter(Boolean);
	expect(parts.every(part => part.startsWith('\u001BP') && part.length < 256)).toBe(true);
	const whole = parts.map(part => part.slice(2)).join('');
	expect(whole).toBe(passThrough(clipboardSequence('é'.repeat(3000), xterm), xterm));
	expect(Buffer.from(whole.slice('\u001B]52;c;'.length, -1), 'base64').toString()).toBe('é'.repeat(3000));
});

test('a console without a window has no title; the one before comes back', () => {
	expect(hasTitle({TERM: 'linux'})).toBe(false);
	expect(hasTitle(xterm)).toBe(true);
	expect(keepTitle).toBe('\u001B[22;2t');
	expect(giveTitleBack).toBe('\u001B]2;\u0007\u001B[23;2t');
});
