import {messageOf, Problem} from '../../system/problem.js';
import {aborted, Deferred} from '../../system/promises.js';
import type {ConnectionError} from '../../tunnel/connection/connection.js';
import {agree} from './price-agreement.js';
import {attempt} from './attempt.js';
import type {RunContext} from '../context.js';
import {extendDeadline} from './extend-deadline.js';
import {closeRun, goOnAfter} from '../end/end-run.js';
import {refuseNewerWork} from '../end/newer-work.js';
import {finishOrGoOn, obey} from './stop-requests.js';
import type {Consent} from '../model/consent.js';
import {followUntilOwned} from './follower.js';
import type {RunHandle} from '../model/run-handle.js';
import {LinkedRun} from './linked-run.js';
import {Keeper} from './supervisor.js';
import {endedProblem, TakenOver, unreachableProblem} from '../words/problems.js';
import type {RunRecord} from '../journal/record.js';
import {initAfterRestart} from '../prepare/prepare.js';
import {makeStage, type RunOver, type Stage} from '../steps/step.js';
import {isOver} from '../model/state.js';
import {stopRecord} from '../end/stop-run.js';
import {release, UnwrittenEnd, unwrittenLine} from '../end/failed-writes.js';
import {closeTunnels, isAnyUp, retryTunnels, startTunnels} from '../link/tunnels.js';

/** A run that this program looks after: the one owner drives it, others follow its journal and take over when the owner dies. */
export class Run extends LinkedRun implements RunHandle {
	#over = new Deferred<void>();
	#unreachable: Problem | undefined;
	#ready = new Deferred<void>();
	#again = new Deferred<void>();
	#driving: Promise<void> = Promise.resolve();
	#restarting: Promise<void> = Promise.resolve();
	readonly #keeper: Keeper;
	/** Aborted when this program is not the run's owner any more, or lets go of it for a while. */
	#turn = new AbortController();
	#signal = this.#either();
	/** Whether it does for the run what an owner does. */
	#drives = false;
	#stopping: Promise<void> | undefined;

	private constructor(context: RunContext, record: RunRecord) {
		super(context, record);
		this.#keeper = this.#keep();
	}

	/** Takes up a run wherever it is. Throws a `Problem` when it is over. */
	static async from(context: RunContext, record: RunRecord): Promise<Run> {
		const run = new Run(context, record);
		if (isOver(run.state())) {
			throw endedProblem(run.state());
		}

		run.#driving = (await record.own()) ? run.#drive() : run.#follow();
		run.#keeper.start();
		return run;
	}

	async whenReady(): Promise<void> {
		return this.#ready.promise;
	}

	async whenOver(): Promise<void> {
		return this.#over.promise;
	}

	retry(): void {
		if (this.#unreachable) {
			this.#unreachable = undefined;
			this.#over = new Deferred();
			this.#ready = new Deferred();
			retryTunnels(this.tunnels);
			if (this.state().phase === 'ready') {
				this.#ready.resolve();
				return;
			}
		}

		this.#again.resolve();
	}

	async extend(seconds: number): Promise<void> {
		await extendDeadline(this.context, this.record, async () => this.#stage(), seconds);
	}

	async agree(): Promise<void> {
		await agree(this.context, this.record);
	}

	/** The first call stops it; others wait for that. What is refused before it begins has let go of nothing. */
	async stop(reason: string, consent: Consent = {lose: 'nothing'}): Promise<void> {
		if (!this.#stopping) {
			await refuseNewerWork(this.context, this.record, consent);
		}

		return this.#stopOnce(reason, consent);
	}

	async #stopOnce(reason: string, consent: Consent): Promise<void> {
		return (this.#stopping ??= this.#stop(reason, consent).finally(() => (this.#stopping = undefined)));
	}

	async detach(): Promise<void> {
		if (this.#stopping) {
			// Let go of in the middle, it would be left half ended.
			return this.#stopping;
		}

		const unfinished = this.record.owned && this.state().phase === 'starting';
		await this.#letGo();
		if (unfinished) {
			await this.record.append({type: 'interrupted', reason: 'detached; preparation goes on in the background'});
		}

		await this.record.release();
		if (unfinished) {
			this.context.continueInBackground(this.name);
		}
	}

	async suspend(): Promise<void> {
		if (this.#stopping || this.leave.signal.aborted) {
			return;
		}

		const unfinished = this.record.owned && this.state().phase === 'starting';
		await this.#rest(new Problem('interrupted', `${this.name} was let go`));
		if (unfinished && this.record.owned) {
			await this.record.append({type: 'interrupted', reason: 'this program was stopped; preparation goes on in the background'});
		}

		await this.record.release();
		if (unfinished) {
			this.context.continueInBackground(this.name);
		}
	}

	resume(): void {
		if (this.#turn.signal.aborted && !this.leave.signal.aborted) {
			this.#followAgain();
		}
	}

	/** Ends what this program does as the owner, and what it carries. The link stays. */
	async #rest(reason: Problem): Promise<void> {
		this.#turn.abort(reason);
		await this.#driving;
		await this.#restarting;
		this.#drives = false;
		await this.monitor.unbind();
	}

	#followAgain(): void {
		this.#turn = new AbortController();
		this.#signal = this.#either();
		this.#driving = this.#follow();
	}

	#either(): AbortSignal {
		return AbortSignal.any([this.leave.signal, this.#turn.signal]);
	}

	/** Whether this program still is the owner. One that was stopped for long finds out here that it is none: it follows then. */
	async #isOurs(): Promise<boolean> {
		if ((await this.record.stillOwned()) || !this.#drives || this.#stopping || this.#signal.aborted) {
			return this.record.owned;
		}

		const problem = new TakenOver(this.name);
		this.record.note(`${problem.message}: this one follows it`);
		await this.#rest(problem);
		if (!this.leave.signal.aborted) {
			this.#followAgain();
		}

		return false;
	}

	async #stop(reason: string, consent: Consent): Promise<void> {
		try {
			await this.#letGo();
			await stopRecord(this.context, this.record, reason, consent);
			this.#ready.reject(endedProblem(this.state()));
			this.#over.resolve();
		} catch (error) {
			this.#ready.reject(error);
			if (error instanceof UnwrittenEnd) {
				this.#over.resolve();
			}

			throw error;
		}
	}

	/** Ends everything that this program does for the run, and waits until it has ended. */
	async #letGo(): Promise<void> {
		this.leave.abort(new Problem('interrupted', `${this.name} was let go`));
		closeTunnels(this.tunnels);
		await this.#driving;
		await this.#restarting;
	}

	async #drive(): Promise<void> {
		try {
			this.#signal.throwIfAborted();
			this.#drives = true;
			await this.#refuseOver();
			await this.monitor.bind();
			if (this.state().phase === 'ready') {
				startTunnels(this.tunnels, this.record);
				const end = await this.#findEnd();
				if (!end) {
					this.#ready.resolve();
					return;
				}

				if (!(await this.#end(end))) {
					throw endedProblem(this.state());
				}
			}

			await this.#prepare();
		} catch (error) {
			this.#fail(error);
		}
	}

	/** How a ready run has ended meanwhile; a link that answers says that it has not, and a cloud that cannot be asked says nothing. */
	async #findEnd(): Promise<RunOver | undefined> {
		const signal = this.#signal;
		const end = this.#keeper.look().catch((error: unknown) => {
			this.record.note(`could not be checked: ${messageOf(error)}`);
			return undefined;
		});
		const answer = this.tunnels.environment.link(signal).then(() => undefined);
		return Promise.race([end, answer, aborted(signal)]);
	}

	/** Until it is ready, however often the person tries again. */
	async #prepare(): Promise<void> {
		const stage = await this.#stage();
		for (;;) {
			const problem = await attempt(stage, this.record, async end => this.#end(end));
			if (!problem) {
				this.#ready.resolve();
				return;
			}

			this.#ready.reject(problem);
			await this.#untilRetry();
		}
	}

	#fail(error: unknown): void {
		// A stop tells how it went when it is through; and who follows from now on hears how it goes.
		if (!this.#stopping && !this.#isAway(error)) {
			this.#ready.reject(error);
		}
	}

	#isAway(error: unknown): boolean {
		return error instanceof TakenOver || (this.#turn.signal.aborted && !this.leave.signal.aborted);
	}

	/** The owner before may have ended it in the moment in which it let go, or have died while it did. */
	async #refuseOver(): Promise<void> {
		const unwritten = await finishOrGoOn(this.context, this.record);
		if (isOver(this.state())) {
			await release(this.record, unwritten);
			this.#finish();
			throw endedProblem(this.state());
		}
	}

	async #untilRetry(): Promise<void> {
		await Promise.race([this.#again.promise, aborted(this.#signal)]);
		this.#again = new Deferred();
		this.#ready = new Deferred();
	}

	async #follow(): Promise<void> {
		const signal = this.#signal;
		try {
			await followUntilOwned(this.context, this.record, signal, {
				onAddress: () => startTunnels(this.tunnels, this.record),
				onReady: () => this.#ready.resolve(),
				onFailed: problem => this.#ready.reject(problem),
				onQuiet: owner => this.monitor.noteQuiet(owner),
			});
		} catch (error) {
			if (this.#isAway(error)) {
				return;
			}

			this.#ready.reject(error);
			if (!signal.aborted) {
				this.#finish();
			}

			return;
		}

		await this.#drive();
	}

	#keep(): Keeper {
		return new Keeper(this.context, this.record, this.leave.signal, {
			isOurs: async () => this.#isOurs(),
			stage: async () => this.#stage(),
			isLinked: () => isAnyUp(this.tunnels),
			onLook: async () => this.look(),
			onStopRequested: async request =>
				obey(this.context, this.record, request, async consent => this.#stopOnce('stopped from another terminal', consent)),
			onOverdue: async reason => this.stop(reason, {lose: 'all'}),
			onEnd: async end => {
				if (await this.#end(end)) {
					this.#ready = new Deferred();
					this.#driving = this.#prepare().catch((error: unknown) => this.#fail(error));
				}
			},
		});
	}

	/** True where the run goes on with another instance. */
	async #end(end: RunOver): Promise<boolean> {
		if (await goOnAfter(this.context, this.record, end)) {
			return true;
		}

		const unwritten = await closeRun(this.context, this.record, end);
		await release(this.record, unwritten);
		const line = unwrittenLine(this.name, unwritten);
		if (line !== undefined) {
			this.record.note(line);
		}

		this.#finish();
		return false;
	}

	#finish(): void {
		this.leave.abort(endedProblem(this.state()));
		closeTunnels(this.tunnels);
		this.#over.resolve();
	}

	protected override onUp(): void {
		if (this.record.owned && this.state().phase === 'ready') {
			this.#restarting = this.#restarting.then(async () => this.#initAfterRestart());
		}
	}

	async #initAfterRestart(): Promise<void> {
		try {
			await initAfterRestart(await this.#stage(), line => this.record.note(line));
		} catch (error) {
			if (!this.#signal.aborted) {
				this.record.note(`whether it was started anew is not known: ${messageOf(error)}`);
			}
		}
	}

	protected override onUnreachable({message}: ConnectionError): void {
		// What is inside a machine cannot be reached either, for the same reason: it is said once.
		if (!this.#unreachable) {
			this.#unreachable = unreachableProblem(this.name, message);
			this.#ready.reject(this.#unreachable);
			this.#over.reject(this.#unreachable);
		}
	}

	async #stage(): Promise<Stage> {
		return makeStage(this.context, this.record, this.tunnels, this.#signal);
	}
}
