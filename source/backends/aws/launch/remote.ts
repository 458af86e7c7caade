import type {LaunchProgress} from '../../backend.js';
import type {Arguments, Operation, Operations, Performed, Results} from './calls.js';

/** An operation that is asked for elsewhere. */
export type OperationCall = {readonly [O in Operation]: {readonly operation: O; readonly parameters: Arguments[O]}}[Operation];

/** Operations that `call` has done in another process; it resolves with what the operation there does. */
export function remoteOperations(
	call: (call: OperationCall, signal: AbortSignal, onProgress: (progress: LaunchProgress) => void) => Promise<unknown>,
): Operations {
	const remote =
		<O extends Operation>(operation: O): Performed<O> =>
		async (parameters, signal, onProgress) =>
			// What comes back is what the operation of that name returned there.
			(await call({operation, parameters} as OperationCall, signal, onProgress)) as Results[O];
	return {
		check: remote('check'),
		launch: remote('launch'),
		account: remote('account'),
		find: remote('find'),
		look: remote('look'),
		terminate: remote('terminate'),
		start: remote('start'),
		list: remote('list'),
		sweep: remote('sweep'),
		admit: remote('admit'),
		regions: remote('regions'),
	};
}

/** Does what was asked for from elsewhere. */
export const perform = async <O extends Operation>(
	operations: Operations,
	{operation, parameters}: {readonly operation: O; readonly parameters: Arguments[O]},
	signal: AbortSignal,
	onProgress: (progress: LaunchProgress) => void,
): Promise<Results[O]> => operations[operation](parameters, signal, onProgress);
