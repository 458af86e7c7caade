import {planTops} from '../screens/plan.js';
import {environmentRows} from '../store/environments.js';
import {formRows} from '../store/form.js';
import {shownCount} from '../store/offers.js';
import type {AppState} from '../store/state.js';

/** Lines that the cursor of the screen moves over. After the profiles comes the choice of none. */
export function listLength(state: AppState): number {
	const {screen, configurations, profiles, shown, backends} = state;
	switch (screen) {
		case 'configurations': {
			return configurations?.length ?? 0;
		}

		case 'profiles': {
			return (profiles?.profiles.length ?? 0) + 1;
		}

		case 'form': {
			return formRows.length;
		}

		case 'offers': {
			return shownCount(shown);
		}

		case 'environments': {
			return environmentRows(state).length;
		}

		case 'backends': {
			return backends?.entries.length ?? 0;
		}

		case 'plan': {
			return planTops(state);
		}

		case 'compare':
		case 'run': {
			return 0;
		}
	}
}
