import {programName} from '../system/program-name.js';
import {backends, offerSources} from '../backends/registry.js';
import {environmentImage} from '../agents/container/image-name.js';
import type {ImageSettings} from '../environment/images/settings.js';
import {findConfigurations} from '../configuration/files/discover.js';
import {workingFolder} from '../configuration/grammar/environment-paths.js';
import {readProfiles} from '../configuration/files/profiles.js';
import {saveRequirements} from '../configuration/files/save.js';
import {watchFiles} from '../configuration/watch/watch.js';
import {readSecretsFile} from '../configuration/files/secrets.js';
import {resolveRequest} from '../configuration/resolve/requirements.js';
import {writeStarter} from '../configuration/starter/starter.js';
import {ideLink, openCommand} from '../environment/ide/link.js';
import {thisMachine} from '../system/machine-id.js';
import type {Paths} from '../system/paths.js';
import {Problem} from '../system/problem.js';
import {Waits} from '../system/waits.js';
import {sshCommand} from '../tunnel/ssh-config/install-aliases.js';
import type {RunContext} from './context.js';
import type {Core} from './core.js';
import type {Choice, Plan, Request} from './model/choice.js';
import type {ProcessPolicy} from './model/preferences.js';
import {readState} from './journal/journal.js';
import {readLedger} from './journal/ledger.js';
import {endOrphan, reconcile} from './end/reconcile.js';
import {OfferCatalogue, reloadAfterRefresh} from '../offers/catalogue/offer-catalogue.js';
import {askHistory, listOffers} from './plan/list-offers.js';
import {LogReader} from './journal/log-reader.js';
import {ownership} from './journal/ownership.js';
import {durationOf} from './model/default-duration.js';
import {loadPreferences, loadSettings} from './settings/preferences.js';
import {openRecord, RunRecord} from './journal/record.js';
import {claimFolder, installationTag, runFolder, runNames, writeRunFiles} from './journal/run-folder.js';
import type {RunHandle} from './model/run-handle.js';
import {takenProblem} from './words/problems.js';
import {specify} from './model/specification.js';
import {isOver, type RunState} from './model/state.js';
import {readStepTimes} from './model/step-times.js';
import {watchRuns} from './journal/watch-journals.js';

/** How long a list leaves an end that failed alone. Milliseconds. */
const listRest = 60_000;

/** The core on this machine's own folders: no server is needed. `folder` is absolute. */
export async function createCore(given: RunContext, folder: string): Promise<Core> {
	const {paths, random} = given;
	const begun = given.clock.elapsed();
	const preferences = await loadPreferences(paths, folder);
	const waits = given.waits ?? new Waits(given.clock);
	const context: RunContext = {...given, waits, forwardPorts: preferences.forwardPorts};
	// Lists and comparisons go on beside what a person does.
	const aside: RunContext = {...context, waits: waits.aside()};
	const book = new OfferCatalogue(paths.catalogue);
	const sources = offerSources({awsPrices: async () => book.awsPrices()});
	const installation = async () => installationTag(paths, () => random.hex(8));

	const readOptions = async () => ({
		secrets: new Set(Object.keys(await readSecretsFile(paths.secrets))),
		registry: preferences.registry(),
	});

	const processPolicy = (): ProcessPolicy =>
		context.variables['DSTACK_TUI_PROCESS'] === 'always' ? 'always' : preferences.process();

	return {
		folder,
		preferences,
		configurations: async () => findConfigurations(folder, await readOptions()),
		profiles: async () => readProfiles(folder, paths.home),
		writeStarter: async text => writeStarter(folder, text),
		onFilesChanged: listener => watchFiles(folder, listener, {home: paths.home}),
		saveRequirements: saveRequirements,
		request: choice => makeRequest(choice),
		offers: (request, signal) => listOffers(book, sources, withBaseImage(request, preferences.images()), signal),
		priceHistory: async (offer, signal) => askHistory(sources, offer, signal),
		...(context.startUpdate ? {refreshCatalogue: makeRefresh(context, book, context.startUpdate)} : {}),
		backendReport: async (onEntry, signal) =>
			(await import('./plan/backend-report.js')).reportBackends(book, sources, onEntry, signal),
		plan: async (request, offer, {instead, ...options} = {}) =>
			(await import('./plan/plan.js')).makePlan(context, request, offer, preferences.registry(), {
				...options,
				...(processPolicy() === 'ask' ? {instead} : {}),
				trusted: options.trusted ?? preferences.trusts(await topOf(request.choice.folder)),
			}),
		async launch(plan) {
			preferences.rememberTrust(await topOf(plan.request.choice.folder), plan.code.trusted);
			return launch(context, plan, await installation());
		},
		attach: async name => (await import('./live/run.js')).Run.from(context, await openRecord(context, name, {withLogs: true})),
		start: async (name, options) =>
			(await import('./end/start-again.js')).startAgain(context, await openRecord(context, name), options),
		async stop(name, reason, consent) {
			const [{stopRecord}, {endDamaged}] = await Promise.all([import('./end/stop-run.js'), import('./end/damaged-run.js')]);
			if (!(await endDamaged(context, name, installation, backends()))) {
				await stopRecord(context, await openRecord(context, name), reason, consent);
			}
		},
		async isEnding(name) {
			const folder = runFolder(paths, name);
			const phase = (await readState(folder))?.phase;
			return phase === 'gone' || (phase === 'stopping' && (await ownership(folder)) === 'owned');
		},
		async forget(name) {
			const [{forgetRecord}, {forgetDamaged}] = await Promise.all([
				import('./end/forget-run.js'),
				import('./end/damaged-run.js'),
			]);
			if (!(await forgetDamaged(context, name, installation, backends()))) {
				await forgetRecord(context, await openRecord(context, name));
			}
		},
		async unsavedWork(name) {
			const [{findUnsavedWork}, {readDamage}] = await Promise.all([
				import('./end/unsaved-work.js'),
				import('./end/damaged-run.js'),
			]);
			const isDamaged = (await readDamage(runFolder(paths, name))) !== undefined;
			return isDamaged ? undefined : findUnsavedWork(context, await openRecord(context, name));
		},
		bringHome: async (name, how) =>
			(await import('./end/bring-home.js')).bringRunHome(context, await openRecord(context, name), how),
		logs: async name => new LogReader((await openRecord(context, name)).folder),
		known: async () => knownRuns(paths),
		onWaits: listener => waits.watch(listener),
		interrupted: async choice => findInterrupted(context, choice),
		async runs({all = false, note, ...how} = {}) {
			// What failed before this program began has been left alone long enough: every start tries again.
			const rest = Math.min(listRest, context.clock.elapsed() - begun);
			const {runs, notes} = await reconcile(aside, {
				...how,
				...{installation: await installation(), machine: await thisMachine(), backends: backends(), rest},
			});
			for (const line of notes) {
				note?.(line);
			}

			return all ? runs : runs.filter(({phase}) => phase !== 'gone');
		},
		reconcile: async ({everywhere = false} = {}) =>
			reconcile(aside, {
				installation: await installation(),
				machine: await thisMachine(),
				backends: backends(),
				sweep: true,
				everywhere,
			}),
		endOrphan: async ({backend, instance}) => endOrphan(context, backend, instance, await installation()),
		stepTimes: async () => readStepTimes(paths),
		ledger: async () => readLedger(paths),
		onRunsChanged: listener => watchRuns(paths.runs, listener),
		sshCommand: name => sshCommand(paths, name),
		ideLink(state) {
			const {configuration, subfolder} = state.specification;
			const environment = configuration as {ide?: Parameters<typeof ideLink>[0]; workingDir?: string};
			const {ide, workingDir} = environment;
			if (!ide || !state.workspace) {
				return undefined;
			}

			const folder = workingFolder({workingDir}, state.workspace, subfolder);
			return {...ideLink(ide, state.name, folder), command: openCommand(ide, state.name, folder)};
		},
	};
}

/** One whose journal does not even begin with its intent is not among them: of that one notes tell. */
async function knownRuns(paths: Paths): Promise<readonly RunState[]> {
	const states = await Promise.all(
		(await runNames(paths)).map(async name => readState(runFolder(paths, name)).catch(() => undefined)),
	);
	return states
		.filter((state): state is RunState => state !== undefined && state.phase !== 'gone')
		.sort((a, b) => b.intendedAt - a.intendedAt);
}

function makeRefresh({paths, clock}: RunContext, book: OfferCatalogue, start: NonNullable<RunContext['startUpdate']>) {
	return async ({signal, onProgress}: Parameters<NonNullable<Core['refreshCatalogue']>>[0]) => {
		const {refresh} = await loadSettings(paths);
		if (refresh === false) {
			return undefined;
		}

		const [{refreshInBackground}, {clouds}] = await Promise.all([
			import('../offers/catalogue/background-refresh.js'),
			import('../offers/feeds/clouds.js'),
		]);
		const names = clouds.map(({backend}) => backend);
		const end = await refreshInBackground({folder: paths.catalogue, clouds: names, clock, start, signal, onProgress});
		return reloadAfterRefresh(book, end);
	};
}

/** What a Docker engine here would run has to be known where its offers are made. */
const withBaseImage = ({requirements, environment}: Request, settings: ImageSettings): Request['requirements'] => ({
	...requirements,
	baseImage: environmentImage({...environment, image: undefined}, settings),
});

function makeRequest(choice: Choice): Request {
	const {environment} = choice.configuration;
	if (!environment) {
		throw new Problem('configuration', `${choice.configuration.file} has problems`, {
			next: `\`${programName} check\` lists them.`,
		});
	}

	return {choice, ...resolveRequest({...choice.configuration, environment}, choice.profile, choice.flags)};
}

/** The top of the code that a folder belongs to, by which it is known whether the person vouched for it. */
const topOf = async (folder: string): Promise<string> => (await import('../environment/code/repository.js')).topOf(folder);

/** The intent is on disk, and the run ours, before anything is done for it. */
async function launch(context: RunContext, plan: Plan, installation: string): Promise<RunHandle> {
	const [{declaredOf, refuseMissingBuild}, {keepLogins}, {Run}] = await Promise.all([
		import('./plan/plan.js'),
		import('./plan/registry-logins.js'),
		import('./live/run.js'),
	]);
	refuseMissingBuild(plan);
	await keepLogins(context, plan);
	const isGone = async (folder: string) => (await readState(folder))?.phase === 'gone' && (await ownership(folder)) !== 'owned';
	const folder = await claimFolder(context.paths, plan.name, isGone);
	const record = new RunRecord(context, plan.name);
	if (!(await record.own())) {
		throw takenProblem(plan.name);
	}

	const {env, registryAuth} = plan.request.environment;
	await writeRunFiles(folder, plan.name, {env, registryAuth, declared: declaredOf(plan.request)});
	const specification = specify(
		plan,
		context.random.uuid(),
		installation,
		durationOf(plan.request.requirements, plan.offer.price),
	);
	await record.append({type: 'intended', specification: {...specification, machine: await thisMachine()}});
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
		if (state && same && !isOver(state) && state.phase !== 'stopping' && (await ownership(candidateFolder)) === 'abandoned') {
			return state;
		}
	}

	return undefined;
}
