import type {Engine} from '../../runs/engine.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import type {AppState} from '../store/state.js';
import type {View} from '../view.js';
import {configurationsView} from './configurations.js';
import {environmentsView} from './environments.js';
import {formView} from './form.js';
import {offersView} from './offers.js';
import {planView} from './plan.js';
import {profilesView} from './profiles.js';
import {runView} from './run.js';

/** The screen that the state is on, as lines: a pure function of the state. */
export function viewOf(state: AppState, engine: Engine): View {
	switch (state.screen) {
		case 'configurations': {
			return configurationsView(state, neutraliseLine(engine.folder));
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

		case 'plan': {
			return planView(state);
		}

		case 'run': {
			return runView(state, engine);
		}

		case 'environments': {
			return environmentsView(state);
		}
	}
}
