import type Docker from 'dockerode';
import type {Availability} from '../../../offers/offer.js';
import {messageOf} from '../../../system/problem.js';
import {neutraliseLine} from '../../../system/terminal-text.js';
import type {LaunchIntent, LaunchProgress} from '../../backend.js';
import {ask, engineError, isGone} from './engine.js';

const engineLimit = 20_000;
const registryLimit = 5000;

export async function isHere(docker: Docker, name: string): Promise<boolean> {
	try {
		await ask(docker, `/images/${name}/json`, engineLimit);
		return true;
	} catch (error) {
		if (isGone(error)) {
			return false;
		}

		throw error;
	}
}

/** Without any other the name can be part of a request; the engine knows the rest of the grammar. */
const referenceCharacters = /^[\w.:/@[\]-]+$/;

/** Whether the image is here or can be pulled, and a note where it is not here. Never throws: no image hides the other offers. */
export async function imageAvailability(
	docker: Docker,
	name: string,
): Promise<{availability: Availability; note: string | undefined}> {
	const shown = neutraliseLine(name);
	if (!referenceCharacters.test(name)) {
		return {availability: 'unavailable', note: `${shown} is no name of an image.`};
	}

	try {
		if (await isHere(docker, name)) {
			return {availability: 'available', note: undefined};
		}

		await ask(docker, `/distribution/${name}/json`, registryLimit);
		return {availability: 'available', note: `The image ${shown} will be pulled first.`};
	} catch (error) {
		const problem = engineError(error);
		if (problem.class === 'permission') {
			return {
				availability: 'unknown',
				note: `The image ${shown} needs a login; registry_auth is tried when it is pulled.`,
			};
		}

		return {
			availability: 'unavailable',
			note: `The image ${shown} is neither here nor can it be pulled: ${problem.message}. \`image:\` in the configuration or DSTACK_TUI_IMAGE names another.`,
		};
	}
}

type PullEvent = {id?: string; status?: string; progressDetail?: {current?: number; total?: number}; error?: string};

/** Bytes over all layers; a layer counts as whole when the engine says that it is complete, whatever it said before. */
class PullProgress {
	readonly #layers = new Map<string, {done: number; total: number}>();

	take({id, status, progressDetail}: PullEvent): void {
		if (id === undefined) {
			return;
		}

		const layer = this.#layers.get(id) ?? {done: 0, total: 0};
		if (status === 'Downloading' && progressDetail?.total) {
			this.#layers.set(id, {done: progressDetail.current ?? 0, total: progressDetail.total});
		} else if (status === 'Download complete' || status === 'Pull complete' || status === 'Verifying Checksum') {
			this.#layers.set(id, {done: layer.total, total: layer.total});
		} else if (status === 'Already exists') {
			this.#layers.set(id, {done: 0, total: 0});
		}
	}

	get bytes(): {done: number; total: number} {
		const all = [...this.#layers.values()];
		return {done: all.reduce((sum, {done}) => sum + done, 0), total: all.reduce((sum, {total}) => sum + total, 0)};
	}
}

/** Pulls the image where it is not here. Credentials go in the request's header only. Rejects with a `BackendError`. */
export async function ensureImage(
	docker: Docker,
	name: string,
	auth: LaunchIntent['registryAuth'],
	signal: AbortSignal,
	onProgress: (progress: LaunchProgress) => void,
): Promise<void> {
	if (await isHere(docker, name)) {
		return;
	}

	const shown = neutraliseLine(name);
	onProgress({step: 'image', text: shown, log: `Pulling ${shown}\n`});
	const progress = new PullProgress();
	try {
		const stream = await docker.pull(name, auth ? {authconfig: {...auth, serveraddress: name.split('/')[0]}} : {});
		await new Promise<void>((resolve, reject) => {
			const abort = () => {
				(stream as NodeJS.ReadableStream & {destroy(): void}).destroy();
				reject(signal.reason as Error);
			};

			signal.addEventListener('abort', abort, {once: true});
			const finish = (error: Error | null) => {
				signal.removeEventListener('abort', abort);
				if (error) {
					reject(error);
				} else {
					resolve();
				}
			};

			docker.modem.followProgress(stream, finish, (event: PullEvent) => {
				progress.take(event);
				const line =
					event.status && event.status !== 'Downloading' && event.status !== 'Extracting' ? pullLine(event) : undefined;
				onProgress({step: 'image', text: shown, ...progress.bytes, unit: 'bytes', log: line});
			});
		});
	} catch (error) {
		signal.throwIfAborted();
		throw engineError(error instanceof Error ? error : new Error(messageOf(error)));
	}
}

const pullLine = ({id, status}: PullEvent): string =>
	`${neutraliseLine(id === undefined ? (status ?? '') : `${id}: ${status ?? ''}`)}\n`;
