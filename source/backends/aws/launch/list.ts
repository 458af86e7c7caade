import {BackendError, type Instance} from '../../backend.js';
import type {Listed, Unanswered} from './calls.js';
import {toInstance} from './instance.js';
import {instancesBy} from './lookup.js';
import {cloudNow, type RegionAccess} from './region-access.js';
import {installationFilter} from './tags.js';

const atOnce = 8;

/** Does the same in every region, some at once; a region's failure is an entry, and hides no other. */
export async function inRegions<T>(
	regions: readonly string[],
	act: (region: string) => Promise<T>,
): Promise<{answers: T[]; unanswered: Unanswered[]}> {
	const rest = [...new Set(regions)];
	const answers: T[] = [];
	const unanswered: Unanswered[] = [];
	const work = async () => {
		for (let region = rest.shift(); region !== undefined; region = rest.shift()) {
			try {
				answers.push(await act(region));
			} catch (error) {
				if (!(error instanceof BackendError)) {
					throw error;
				}

				unanswered.push({region, class: error.class, message: error.message, next: error.next});
			}
		}
	};

	await Promise.all(Array.from({length: atOnce}, work));
	return {answers, unanswered};
}

/** This installation's instances in a region that have not ended. */
export async function listInstances(place: RegionAccess, installation: string, isPrivate: boolean): Promise<Instance[]> {
	const found = await instancesBy(place, [
		installationFilter(installation),
		{Name: 'instance-state-name', Values: ['pending', 'running', 'shutting-down', 'stopping', 'stopped']},
	]);
	return found.map(each => toInstance(place.region, each, isPrivate, cloudNow(place)));
}

/** The lists of all regions as one. */
export async function listAll(regions: readonly string[], list: (region: string) => Promise<Instance[]>): Promise<Listed> {
	const {answers, unanswered} = await inRegions(regions, list);
	return {instances: answers.flat(), unanswered};
}
