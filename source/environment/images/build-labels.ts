import {createHash} from 'node:crypto';
import path from 'node:path';
import {neutraliseLine} from '../../system/terminal-text.js';
import {originOf} from '../code/person-settings.js';
import {findRepository} from '../code/repository.js';
import {type BuildParts, packParts, unpackParts} from './build-key.js';

/** Whose build it is: two configurations share none. */
export type BuildScope = {
	/** The repository's address without a login, else the name of the folder. */
	readonly project: string;
	/** The configuration's file, relative to the folder. */
	readonly configuration: string;
};

/** An image that was built. */
export type Build = BuildScope & {
	readonly key: string;
	/** What names it in its store. */
	readonly reference: string;
	readonly store: 'engine' | 'registry';
	/** Where that is, as it is shown: `this machine`, `ghcr.io/team/builds`. */
	readonly where: string;
	readonly parts: BuildParts | undefined;
	/** Bytes; packed where it is in a registry. */
	readonly size: number;
	/** Milliseconds since the epoch; undefined where it is not stated. */
	readonly created: number | undefined;
	/** Whether a container is made of it; undefined where it is not known. */
	readonly inUse: boolean | undefined;
	/** A newer build of the same key has taken its name. */
	readonly replaced: boolean;
	/** The manifest's digest in a registry, the image's id in an engine. */
	readonly id: string;
};

export const buildLabels = {
	key: 'dstack-tui.build.key',
	project: 'dstack-tui.build.project',
	configuration: 'dstack-tui.build.configuration',
	parts: 'dstack-tui.build.parts',
} as const;

/** The labels that a build is committed with. Values have no blanks and no quotes: they pass through any shell and file. */
export const labelsOf = (scope: BuildScope, key: string, parts: BuildParts): Record<string, string> => ({
	[buildLabels.key]: key,
	[buildLabels.project]: encodeURIComponent(scope.project),
	[buildLabels.configuration]: encodeURIComponent(scope.configuration),
	[buildLabels.parts]: packParts(parts),
});

/** What labels state; undefined for an image that is no build. */
export function readLabels(
	labels: Readonly<Record<string, string>> | null | undefined,
): (BuildScope & Pick<Build, 'key' | 'parts'>) | undefined {
	const key = labels?.[buildLabels.key] ?? '';
	return /^[0-9a-f]{64}$/.test(key)
		? {
				key,
				project: decode(labels?.[buildLabels.project]),
				configuration: decode(labels?.[buildLabels.configuration]),
				parts: unpackParts(labels?.[buildLabels.parts]),
			}
		: undefined;
}

function decode(text = ''): string {
	try {
		return neutraliseLine(decodeURIComponent(text)).slice(0, 300);
	} catch {
		return '?';
	}
}

const scopeLength = 8;
const keyLength = 24;

/** What the tags of all builds of a configuration begin with. */
export const tagPrefix = ({project, configuration}: BuildScope): string =>
	`b-${createHash('sha256').update(`${project}\0${configuration}`).digest('hex').slice(0, scopeLength)}-`;

/** `b-SCOPE-KEY`: eight digits for whose it is, 24 of the key. The labels hold both whole. */
export const buildTag = (scope: BuildScope, key: string): string => `${tagPrefix(scope)}${key.slice(0, keyLength)}`;

export const isBuildTag = (tag: string): boolean => /^b-[0-9a-f]{8}-[0-9a-f]{24}$/.test(tag);

/** What a folder's code is called, the same in every clone of it: the address of `origin` without a login, else the folder's name. */
export async function projectOf(root: string): Promise<string> {
	const repository = await findRepository(root).catch(() => undefined);
	const address = repository ? await originOf(repository).catch(() => '') : '';
	const known = /^(?:[a-z+]+:\/\/)?(?:[^@/]*@)?([^:/]+)(?::\d+(?=\/))?[:/]+(.+?)(?:\.git)?\/*$/i.exec(address);
	const isLocal = address === '' || /^(?:[./~]|file:|[a-z]:\\)/i.test(address);
	return known && !isLocal ? `${known[1]?.toLowerCase()}/${known[2]}` : path.basename(root);
}

export const newestFirst = (builds: readonly Build[]): Build[] =>
	builds.toSorted((a, b) => (b.created ?? 0) - (a.created ?? 0) || (a.reference < b.reference ? -1 : 1));
