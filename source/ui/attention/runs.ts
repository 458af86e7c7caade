import type {RunHandle} from '../../runs/handle.js';
import type {AppState, RunView} from '../store/state.js';

/** The runs that the app holds now, whichever of them is on the screen. */
export const openRuns = ({run, runs = run ? [run] : []}: AppState & {readonly runs?: readonly RunView[]}): readonly RunHandle[] =>
	runs.map(({handle}) => handle);
