import type {DeadlineKind} from './offer.js';

/**
How an instance of each cloud ends when nobody is there to end it, where this program could set that. `provider`: the cloud itself keeps a
deadline; `guest`: the instance's own power-off ends the bill; everything else goes on costing.
*/
export const deadlineKinds: Readonly<Record<string, DeadlineKind>> = {
	local: 'guest',
	aws: 'guest',
	gcp: 'provider',
	runpod: 'provider',
	kubernetes: 'provider',
};
