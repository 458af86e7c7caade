import path from 'node:path';
import type {Paths} from '../../system/paths.js';
import {configArguments, readWithSsh, type SshReading} from './run-ssh.js';

/** A host that a person's own ssh settings have. */
export type OwnHost = {
	readonly alias: string;
	/** The file and line of it; undefined where ssh does not report it (a `Match`). */
	readonly place: string | undefined;
	/** Where it leads. */
	readonly hostName: string;
};

/** A block that ssh has applied, as `ssh -v` prints it. */
type Applied = {readonly file: string; readonly line: string; readonly pattern: string};

/** A name that nobody has a host of: what is set for it is set for everything. */
const nobody = 'dstack-tui-no-such-host';

/**
The host `alias` of the user's settings, which our aliases, being read first, would take the place of. What they set for all hosts does
not make it one; neither do our own aliases, which a run that is gone may have left. Undefined also where ssh is missing or cannot read them.
*/
export async function ownHost(paths: Paths, alias: string): Promise<OwnHost | undefined> {
	const args = configArguments(paths);
	const reading = await readWithSsh(['-v', ...args], alias);
	const hostName = hostNameOf(reading);
	if (hostName === undefined) {
		return undefined;
	}

	const applied = appliedBlocks(reading.said.stderr);
	const theirs = applied.filter(({file}) => !file.startsWith(paths.runs + path.sep));
	const literal = theirs.find(({pattern}) => pattern === alias);
	if (literal) {
		return {alias, place: placeOf(literal), hostName};
	}

	// Where a block of ours has applied, it is ours that says where the name leads.
	if (hostName === alias || theirs.length < applied.length) {
		return undefined;
	}

	const usual = hostNameOf(await readWithSsh(args, nobody))?.replaceAll(nobody, alias);
	return usual === hostName ? undefined : {alias, place: placeOf(theirs.find(({pattern}) => pattern !== '*')), hostName};
}

const hostNameOf = ({settings}: SshReading): string | undefined => settings?.get('hostname')?.[0];

const appliedBlocks = (said: string): Applied[] =>
	[...said.matchAll(/^debug1: (.+) line (\d+): Applying options for (.+?)\r?$/gm)].map(
		([, file = '', line = '', pattern = '']) => ({file, line, pattern}),
	);

const placeOf = (block: Applied | undefined): string | undefined => block && `line ${block.line} of ${block.file}`;
