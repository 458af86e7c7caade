import {writeFile} from 'node:fs/promises';
import path from 'node:path';
import {Problem} from '../../system/problem.js';
import {literal} from '../grammar/interpolation.js';
import type {ConfigurationFile, Ide} from '../model.js';
import {readConfiguration} from '../files/read.js';
import {inspectFolder} from './suggestions.js';
import {type Change, type Suggestion} from './suggestion.js';
import {blockLines, type Style, textOf} from '../yaml/yaml-text.js';

const fileName = '.dstack.yml';
const style: Style = {step: 2, flush: false, eol: '\n'};

/** What a first configuration is to say. Python and image exclude each other: an image brings its own. */
export type StarterChoice = {
	readonly ide?: Ide | undefined;
	/** `3.11`. */
	readonly python?: string | undefined;
	readonly image?: string | undefined;
	readonly setup: readonly string[];
	/** `8000`, or as the file writes them: `3333:8000`, `*:8000`. */
	readonly ports: ReadonlyArray<number | string>;
	/** Whether it explains itself, and shows in comments what else it could say. */
	readonly comments: boolean;
	/** What those comments name, where something better than an example is known. */
	readonly hints?: Pick<Change, 'python' | 'image'>;
};

/** The text of a `.dstack.yml`, which reads without a complaint. Throws a `configuration` problem for Python together with an image. */
export function starterText({ide, python, image, setup, ports, comments, hints}: StarterChoice): string {
	if (python !== undefined && image !== undefined) {
		throw new Problem('configuration', 'an image brings its own Python', {next: 'Choose one of the two.'});
	}

	const versionLine = (version: string) => `python: ${textOf(version, {quote: '"'})}`;
	const sections: Array<{note: string; lines: string[]; instead: string[]}> = [
		{
			note: 'A virtual environment with this Python; it must be installed where it runs, or an image brings it.',
			lines: python === undefined ? [] : [versionLine(python)],
			instead: image === undefined ? [versionLine(hints?.python ?? '3.11')] : [],
		},
		{
			note: 'A container of this image.',
			lines: image === undefined ? [] : blockLines({image}, 0, style),
			instead: python === undefined ? blockLines({image: hints?.image ?? 'debian:bookworm'}, 0, style) : [],
		},
		{
			note: 'Run once, when the environment is made.',
			lines: setup.length > 0 ? blockLines({setup: setup.map(literal)}, 0, style) : [],
			instead: ['setup:', '  - make'],
		},
		{
			note: 'Reached from here under the same number; 3333:8000 chooses another, *:8000 any that is free.',
			lines: ports.length > 0 ? blockLines({ports}, 0, style) : [],
			instead: ['ports:', '  - 8000'],
		},
		{
			note: 'The editor that is connected. Without one there is still SSH.',
			lines: ide === undefined ? [] : blockLines({ide}, 0, style),
			instead: ['ide: vscode'],
		},
	];
	const written = sections.flatMap(({note, lines, instead}) => {
		if (!comments) {
			return lines;
		}

		const body = lines.length > 0 ? lines : instead.map(line => `# ${line}`);
		return body.length > 0 ? ['', `# ${note}`, ...body] : [];
	});
	const head = comments ? ['# A dev environment: what it needs, and how it is prepared.'] : [];
	return [...head, 'type: dev-environment', ...written, ''].join('\n');
}

/** The choice that takes what a folder suggests. Python and image stay in comments: whether they are there, only the backend knows. */
export function choiceOf(suggestions: readonly Suggestion[]): StarterChoice {
	const changes = suggestions.map(({change}) => change);
	const commands = suggestions.filter(({from}) => !/^(?:GNU)?makefile$/i.test(from)).flatMap(({change}) => change.setup ?? []);
	return {
		ide: 'vscode',
		// A Makefile's target most often does what the others say already.
		setup: [...new Set(commands.length > 0 ? commands : changes.flatMap(({setup}) => setup ?? []))],
		ports: [...new Set(changes.flatMap(({ports}) => ports ?? []))],
		comments: true,
		hints: {
			python: changes.find(({python}) => python !== undefined)?.python,
			image: changes.find(({image}) => image !== undefined)?.image,
		},
	};
}

/** A first configuration for a folder, after a look at what is in it. */
export const starterConfiguration = async (folder: string): Promise<string> => starterText(choiceOf(await inspectFolder(folder)));

/** Writes a starter (`text`, or what the folder suggests) into the folder and reads it back. Never over anything. */
export async function writeStarter(folder: string, text?: string): Promise<ConfigurationFile> {
	const file = path.join(folder, fileName);
	try {
		await writeFile(file, text ?? (await starterConfiguration(folder)), {flag: 'wx'});
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
			throw new Problem('configuration', `${fileName} is there already`, {next: 'Edit it instead.'});
		}

		throw new Problem('configuration', `${fileName} cannot be written: ${(error as Error).message}`, {cause: error});
	}

	return readConfiguration(file, folder);
}
