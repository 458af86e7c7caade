import process from 'node:process';
import {createInterface} from 'node:readline';
import {Writable} from 'node:stream';
import {text as textOf} from 'node:stream/consumers';
import {readSecretsFile, removeSecret, setSecret} from '../configuration/files/secrets.js';
import {forgetAgreed} from '../runs/settings/agreed-logins.js';
import {resolvePaths} from '../system/paths.js';
import {Problem} from '../system/problem.js';
import type {Output} from './io.js';

/** Names only: a value is never printed. */
export async function listSecrets(output: Output): Promise<void> {
	const names = Object.keys(await readSecretsFile(resolvePaths().secrets)).sort();
	for (const name of names) {
		output.line(name);
		output.object({secret: name});
	}

	if (names.length === 0) {
		output.line('No secrets. `dstack-tui secrets set NAME` keeps one; ${{ secrets.NAME }} in `env` or `registry_auth` uses it.');
	}
}

/** Keeps what is typed, unseen, or what comes on standard input; a value in the command line would be in the shell's history. */
export async function keepSecret(name: string, output: Output): Promise<void> {
	const value = process.stdin.isTTY ? await ask(`${name}: `) : (await textOf(process.stdin)).replace(/\r?\n$/, '');
	if (value === '') {
		throw new Problem('usage', `No value came for ${name}`, {
			next: `Type it, or send it: \`printf %s "$VALUE" | dstack-tui secrets set ${name}\`.`,
		});
	}

	await setSecret(resolvePaths().secrets, name, value);
	output.line(`${name} is kept.`);
	output.object({secret: name, kept: true});
}

export async function forgetSecret(name: string, output: Output): Promise<void> {
	if (!(await removeSecret(resolvePaths().secrets, name))) {
		throw new Problem('usage', `There is no secret called ${name}`, {
			next: '`dstack-tui secrets list` shows those that there are.',
		});
	}

	await forgetAgreed(resolvePaths(), `secrets.${name}`);
	output.line(`${name} is forgotten.`);
	output.object({secret: name, kept: false});
}

/** A line that is typed and not shown. */
async function ask(question: string): Promise<string> {
	const silent = new Writable({write: (_piece, _encoding, done) => done()});
	const reader = createInterface({input: process.stdin, output: silent, terminal: true});
	process.stderr.write(question);
	return new Promise((resolve, reject) => {
		reader.once('SIGINT', () => {
			reader.close();
			reject(new Problem('interrupted', 'Nothing was kept'));
		});
		reader.question('', answer => {
			reader.close();
			process.stderr.write('\n');
			resolve(answer);
		});
	});
}
