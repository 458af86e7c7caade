import process from 'node:process';
import type {Build} from '../environment/images/builds.js';
import type {BuildStore} from '../environment/images/build-store.js';
import {formatAge, formatBytes} from '../system/format.js';
import {buildPlaces} from '../runs/plan/decide-build.js';
import {resolvePaths} from '../system/paths.js';
import {messageOf, Problem} from '../system/problem.js';
import {programName} from '../system/program-name.js';
import {confirm, type Output, table} from './io.js';
import {plural} from './words.js';

/** As many digits of a key as are shown; fewer do where they name one build. */
const shownKey = 12;

type Kept = {readonly build: Build; readonly store: BuildStore};

/** All builds that can be found, and what could not be asked. */
async function findAll(): Promise<{kept: Kept[]; notes: readonly string[]; failed: Problem[]}> {
	const {stores, notes} = await buildPlaces(resolvePaths(), process.env);
	const lists = await Promise.allSettled(stores.map(async store => ({store, builds: await store.list()})));
	const kept = lists.flatMap(each =>
		each.status === 'fulfilled' ? each.value.builds.map(build => ({build, store: each.value.store})) : [],
	);
	const failed = lists.flatMap(each => (each.status === 'rejected' ? [asProblem(each.reason)] : []));
	return {kept, notes, failed};
}

const asProblem = (reason: unknown): Problem =>
	reason instanceof Problem ? reason : new Problem('failed', messageOf(reason), {cause: reason});

/** Lists the builds of this machine's engine and of the registry. Throws a `failed` problem where one of them could not be asked. */
export async function listBuilds(output: Output): Promise<void> {
	const {kept, notes, failed} = await findAll();
	for (const {build} of kept) {
		output.object({type: 'build', ...objectOf(build)});
	}

	for (const note of notes) {
		output.object({type: 'note', text: note});
	}

	if (kept.length > 0) {
		const rows = kept.map(({build}) => rowOf(build));
		for (const line of table([
			['KEY', 'PROJECT', 'CONFIGURATION', 'PYTHON', 'ARCH', 'SIZE', 'AGE', 'IN USE', 'WHERE'],
			...rows,
		])) {
			output.line(line);
		}

		output.line();
	}

	output.line(`${plural(kept.length, 'build')}${kept.length === 0 ? `: \`${programName} run --build\` makes one` : ''}.`);
	for (const note of notes) {
		output.line(`Not looked at: ${note}`);
	}

	const [first] = failed;
	if (first) {
		throw new Problem('failed', first.message, {
			details: failed.slice(1).map(({message}) => message),
			next: first.next,
			cause: first,
		});
	}
}

const rowOf = ({key, project, configuration, parts, size, created, inUse, replaced, where}: Build): string[] => [
	key.slice(0, shownKey),
	project,
	configuration,
	parts?.python || '-',
	parts?.architecture ?? '-',
	formatBytes(size),
	created === undefined ? '-' : formatAge((Date.now() - created) / 1000),
	inUse === undefined ? '-' : inUse ? 'yes' : 'no',
	`${where}${replaced ? ' (replaced by a newer one)' : ''}`,
];

const objectOf = ({key, reference, store, where, project, configuration, parts, size, created, inUse, replaced}: Build) => ({
	key,
	reference,
	store,
	where,
	project,
	configuration,
	base: parts?.baseName ?? null,
	python: parts?.python || null,
	architecture: parts?.architecture ?? null,
	size,
	created: created ?? null,
	inUse: inUse ?? null,
	replaced,
});

/** Deletes builds by the starts of their keys, wherever they are, after a question. */
export async function deleteBuilds(keys: readonly string[], yes: boolean, output: Output): Promise<void> {
	const {kept, failed} = await findAll();
	const chosen = [...new Set(keys.flatMap(key => choose(key, kept, failed)))];
	const lines = chosen.map(
		({build}) =>
			`${build.key.slice(0, shownKey)}  ${build.project} ${build.configuration}  ${formatBytes(build.size)}  ${build.reference} in ${build.where}`,
	);
	if (
		!yes &&
		!(await confirm({lines, question: `Delete ${plural(chosen.length, 'image')}?`, next: 'Add -y to delete without a question.'}))
	) {
		output.line('Nothing was deleted.');
		return;
	}

	const problems: Problem[] = [];
	for (const {build, store} of chosen) {
		try {
			await store.remove(build);
			output.object({type: 'deleted', key: build.key, reference: build.reference, where: build.where});
			output.line(
				`${build.reference} is deleted${build.store === 'registry' ? '; its space is free when the registry cleans up' : ''}.`,
			);
		} catch (error) {
			problems.push(asProblem(error));
		}
	}

	const [first, ...others] = problems;
	if (first) {
		throw new Problem('failed', first.message, {details: others.map(({message}) => message), next: first.next, cause: first});
	}
}

/** All images of the one key that begins so. */
function choose(start: string, kept: readonly Kept[], failed: readonly Problem[]): Kept[] {
	const wanted = start.toLowerCase();
	const found = /^[0-9a-f]+$/.test(wanted) ? kept.filter(({build}) => build.key.startsWith(wanted)) : [];
	const keys = [...new Set(found.map(({build}) => build.key))];
	if (keys.length === 0) {
		throw new Problem(failed.length > 0 ? 'failed' : 'usage', `There is no build whose key begins with '${start.slice(0, 70)}'`, {
			details: failed.map(({message}) => message),
			next: `\`${programName} builds\` lists those that there are.`,
		});
	}

	if (keys.length > 1) {
		throw new Problem('usage', `${keys.length} builds have a key that begins with '${start}'`, {
			details: keys.map(key => key.slice(0, shownKey)),
			next: 'Write more of it.',
		});
	}

	return found;
}
