import {once} from 'node:events';
import process from 'node:process';
import {createInterface} from 'node:readline';
import {Problem} from '../system/problem.js';
import {neutralise, neutraliseLine} from '../system/terminal-text.js';

/** Where a command's words go. With `json` everything on standard output is one JSON object a line. */
export type Output = {
	readonly json: boolean;
	line(text?: string): void;
	/** Only with `json`. */
	object(value: unknown): void;
	/** Resolves when nothing waits to be taken: whoever prints much awaits it now and then, so that it does not pile up. */
	drained(): Promise<void>;
	/** Beside the output: what could not be found out. */
	note(line: string): void;
};

export const makeOutput = (json: boolean): Output => ({
	json,
	line(text = '') {
		if (!json) {
			process.stdout.write(`${neutralise(text)}\n`);
		}
	},
	async drained() {
		// An output that nobody takes any more is over: what is written to it is lost.
		if (process.stdout.writableNeedDrain && !process.stdout.destroyed) {
			await Promise.race([once(process.stdout, 'drain'), once(process.stdout, 'close')]);
		}
	},
	note(line) {
		process.stderr.write(`dstack-tui: ${neutraliseLine(line)}\n`);
	},
	object(value) {
		if (json) {
			process.stdout.write(`${JSON.stringify(value)}\n`);
		}
	},
});

export type Question = {
	/** What is to be known first; the question stands last, below it. */
	readonly lines?: readonly string[];
	readonly question: string;
	/** Which flag answers where there is no terminal. */
	readonly next: string;
};

/**
Asks a yes-or-no question. No answer (the end of the input) is a no; ctrl-c is an `interrupted` problem. Without a terminal nobody can
answer, and the problem says which flag does.
*/
export async function confirm(question: Question): Promise<boolean> {
	return /^y(es)?$/i.test(await ask(question, `${question.question} [y/N] `));
}

export type Choice = Question & {
	/** The first is what an empty line means. */
	readonly answers: ReadonlyArray<{readonly key: string; readonly words: string}>;
};

/** Asks which of several answers it is, by one key; undefined at the end of the input. Anything else is asked again. */
export async function choose({answers, lines = [], ...question}: Choice): Promise<string | undefined> {
	const prompt = answers.map(({key, words}) => `  ${key}  ${words}\n`).join('');
	const keys = answers.map(({key}, index) => (index === 0 ? key.toUpperCase() : key)).join('/');
	for (let before = lines; ; before = []) {
		const answer = await ask({...question, lines: before}, `${prompt}${question.question} [${keys}] `, true);
		const chosen = answer === '' ? answers[0]?.key : answers.find(({key}) => key === answer.toLowerCase())?.key;
		if (chosen !== undefined || answer === ended) {
			return chosen;
		}
	}
}

/** The end of the input, told from an empty line. */
const ended = '\u0004';

async function ask({lines = [], question, next}: Question, prompt: string, tellsEnd = false): Promise<string> {
	if (!process.stdin.isTTY || !process.stderr.isTTY) {
		throw new Problem('usage', `${question} There is no terminal to answer on`, {details: lines, next});
	}

	process.stderr.write(lines.map(line => `${neutraliseLine(line)}\n`).join(''));
	const reader = createInterface({input: process.stdin, output: process.stderr});
	try {
		const answer = await new Promise<string>((resolve, reject) => {
			reader.question(prompt, resolve);
			reader.once('SIGINT', () => reject(new Problem('interrupted', 'Interrupted: nothing was done')));
			reader.once('close', () => resolve(tellsEnd ? ended : ''));
		});
		return answer === ended ? ended : answer.trim();
	} finally {
		reader.close();
	}
}

/** Rows as aligned columns, the first row being the titles. Cells are cut to be safe to draw. */
export function table(rows: ReadonlyArray<readonly string[]>): string[] {
	const clean = rows.map(row => row.map(neutraliseLine));
	const widths = (clean[0] ?? []).map((_, column) => Math.max(...clean.map(row => row[column]?.length ?? 0)));
	return clean.map(row =>
		row
			.map((cell, column) => cell.padEnd(widths[column] ?? 0))
			.join('  ')
			.trimEnd(),
	);
}
