import type {AppState} from '../store/state.js';
import type {View} from '../drawing/lines.js';
import {backendsView} from './backends.js';
import {compareView} from './offers/compare.js';
import {configurationsView} from './configurations.js';
import {environmentsView} from './environments.js';
import {formView} from './form.js';
import {offersView} from './offers/offers.js';
import {planView} from './plan.js';
import {profilesView} from './profiles.js';
import {runView} from './environment/run.js';

/** The screen that the state is on, as lines: a pure function of the state. */
export function viewOf(state: AppState): View {
	switch (state.screen) {
		case 'configurations': {
			return configurationsView(state);
		}

		case 'profiles': {
			return profilesView(state);
		}

		case 'form': {
			return formView(state);
		}

		case 'offers': {
			return offersView(state);
		}

		case 'compare': {
			return compareView(state);
		}

		case 'plan': {
			return planView(state);
		}

		case 'run': {
			return runView(state);
		}

		case 'environments': {
			return environmentsView(state);
		}

		case 'backends': {
			return backendsView(state);
		}
	}
}
