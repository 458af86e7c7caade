import {Problem} from '../system/problem.js';
import {overTunnel, type Stage} from './stage.js';

// Inside single quotes only a single quote is special.
const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** Moves a run's deadline by `seconds`, on the instance and in the journal; from now on where it had none. */
export async function extendDeadline(stage: Stage, seconds: number): Promise<void> {
	const state = stage.state();
	const deadline = (state.deadline ?? stage.context.clock.now()) + seconds * 1000;
	await stage.append({type: 'deadline-set', deadline});
	const file = quoted(`${state.stateFolder ?? ''}/deadline`);
	const {code, stderr} = await overTunnel(stage, async link =>
		link.exec(`sh -c ${quoted(`printf '%s\\n' ${Math.floor(deadline / 1000)} > ${file}.new && mv ${file}.new ${file}`)}`),
	);
	if (code !== 0) {
		await stage.append({type: 'deadline-set', deadline: state.deadline ?? null});
		throw new Problem('failed', `The deadline could not be moved: ${stderr.trim() || `exit code ${code}`}`);
	}
}
