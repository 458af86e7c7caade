import {watch} from 'node:fs';
import {mkdir} from 'node:fs/promises';
import path from 'node:path';
import {backends} from '../backends/registry.js';
import {findConfigurations} from '../configuration/discover.js';
import {readProfiles} from '../configuration/profiles.js';
import {resolveRequest} from '../configuration/requirements.js';
import {writeStarter} from '../configuration/starter.js';
import {ideLink} from '../environment/ide.js';
import {Problem} from '../system/problem.js';
import type {RunContext} from './context.js';
import type {Choice, Engine, Plan, Request} from './engine.js';
import {readState} from './journal.js';
import {listOffers} from './offers.js';
import {readLogLines} from './log-book.js';
import {ownership} from './owner.js';
import {durationOf, makePlan} from './plan.js';
import {loadPreferences} from './preferences.js';
import {reconcile} from './reconcile.js';
import {RunRecord} from './record.js';
import {claimFolder, installationTag, runFolder, runNames, writeRunFiles} from './run-folder.js';
import {Run} from './run.js';
import {specify} from './specification.js';
import {findUnsavedWork, openRecord, stopRecord} from './stop.js';
import type {RunState} from './state.js';

const changeInterval = 100;

/** The engine on this machine's own folders: no server is needed. `folder` is absolute. */
export async function createEngine(context: RunContext, folder: string): Promise<Engine> {
	const {paths, random} = context;
	const preferences = await loadPreferences(paths, folder);
	const installation = async () => installationTag(paths, () => random.hex(8));

	return {
		folder,
		preferences,
		configurations: async () => findConfigurations(folder),
		profiles: async () => readProfiles(folder),
		writeStarter: async () => writeStarter(folder),
		request: choice => makeRequest(choice),
		offers: (request, signal) => listOffers(backends(), request.requirements, signal),
		plan: async (request, offer) => makePlan(context, request, offer),
		launch: async plan => launch(context, plan, await installation()),
		attach: async name => Run.take(context, name),
		stop: async (name, reason) => stopRecord(context, await openRecord(context, name), reason),
		unsavedWork: async name => findUnsavedWork(context, await openRecord(context, name)),
		logs: async name => readLogLines((await openRecord(context, name)).folder),
		interrupted: async choice => findInterrupted(context, choice),
		async runs({all = false} = {}) {
			const {runs} = await reconcile(context, await installation(), backends());
			return all ? runs : runs.filter(({phase}) => phase !== 'gone');
		},
		onRunsChanged: listener => watchRuns(paths.runs, listener),
		sshCommand: name => (paths.sshReadsUserConfig ? `ssh ${name}` : `ssh -F ${shellWord(paths.userSshConfig)} ${name}`),
		ideLink(state) {
			const {configuration, subfolder} = state.specification;
			const {ide} = configuration as {ide?: Parameters<typeof ideLink>[0]};
			return ide && state.workspace ? ideLink(ide, state.name, path.posix.join(state.workspace, subfolder)) : undefined;
		},
	};
}

const shellWord = (text: string): string => (/^[\w/.~-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`);

function makeRequest(choice: Choice): Request {
	const {environment} = choice.configuration;
	if (!environment) {
		throw new Problem('configuration', `${choice.configuration.file} has problems`, {next: `\`dstack-tui check\` lists them.`});
	}

	return {choice, ...resolveRequest(environment, choice.profile, choice.flags)};
}

/** The intent is on disk, and the run ours, before anything is done for it. */
async function launch(context: RunContext, plan: Plan, installation: string): Promise<Run> {
	const isGone = async (folder: string) => (await readState(folder))?.phase === 'gone' && (await ownership(folder)) !== 'owned';
	const folder = await claimFolder(context.paths, plan.name, isGone);
	const record = new RunRecord(context, plan.name);
	await record.own();
	const {env, registryAuth} = plan.request.environment;
	await writeRunFiles(folder, plan.name, {env, registryAuth});
	const specification = specify(plan, context.random.uuid(), installation, durationOf(plan.request));
	await record.append({type: 'intended', specification});
	return Run.from(context, record);
}

async function findInterrupted(
	context: RunContext,
	{folder, configuration, profile, name}: Choice,
): Promise<RunState | undefined> {
	const names = name === undefined ? await runNames(context.paths) : [name];
	for (const candidate of names) {
		const candidateFolder = runFolder(context.paths, candidate);
		const state = await readState(candidateFolder);
		const same =
			state?.specification.folder === folder &&
			state.specification.configurationFile === configuration.path &&
			state.specification.profile === profile?.name;
		if (
			state &&
			same &&
			state.phase !== 'gone' &&
			state.phase !== 'ended' &&
			(await ownership(candidateFolder)) === 'abandoned'
		) {
			return state;
		}
	}

	return undefined;
}

/** Journals change by appending, so watching the folder of runs tells of every change; many at once are told once. */
function watchRuns(folder: string, listener: () => void): () => void {
	let timer: NodeJS.Timeout | undefined;
	let stop: (() => void) | undefined;
	let stopped = false;
	const tell = () => {
		timer ??= setTimeout(() => {
			timer = undefined;
			listener();
		}, changeInterval);
	};

	void mkdir(folder, {recursive: true, mode: 0o700}).then(() => {
		if (!stopped) {
			const watcher = watch(folder, {recursive: true}, (_event, file) => {
				if (file === null || file.endsWith('journal.jsonl')) {
					tell();
				}
			});
			// A watcher that fails (too many watches) leaves the list as it is until it is refreshed by hand.
			watcher.on('error', () => watcher.close());
			stop = () => watcher.close();
		}
	});
	return () => {
		stopped = true;
		clearTimeout(timer);
		stop?.();
	};
}
