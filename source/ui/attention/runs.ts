import type {RunHandle} from '../../runs/handle.js';
import type {AppState} from '../store/state.js';

/** The runs that the app holds now, whichever of them is on the screen. */
export const openRuns = ({run}: AppState): readonly RunHandle[] => (run ? [run.handle] : []);
