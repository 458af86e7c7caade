import {formRows} from './form.js';
import type {AppState} from './state.js';

/** Lines that the cursor of the screen moves over. After the profiles comes the choice of none. */
export function listLength({screen, configurations, profiles, shown, environments}: AppState): number {
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
			return shown.length;
		}

		case 'environments': {
			return environments.length;
		}

		case 'plan':
		case 'run': {
			return 0;
		}
	}
}
