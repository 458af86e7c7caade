import {messageOf} from '../../system/problem.js';
import {newestEditor, type NewestOptions} from './downloads.js';
import {findLocalEditor, type EditorSearch} from './local-editor.js';
import {type Editor, products, type ServerIde} from './products.js';

/**
The version whose server is put there: the user's, else the newest. `note` is a sentence where it is not their own; without an
editor it says why none could be found out. Rejects only with the reason of the signal.
*/
export async function findEditor(
	ide: ServerIde,
	{around, ...options}: NewestOptions & {readonly around?: EditorSearch} = {},
): Promise<{readonly editor?: Editor; readonly note?: string}> {
	const own = await findLocalEditor(ide, around);
	if (own) {
		return {editor: own};
	}

	const {name} = products[ide];
	const missing = `No ${name} is found on this machine`;
	try {
		const editor = await newestEditor(ide, options);
		return editor
			? {editor, note: `${missing}: the server of the newest, ${editor.version}, is taken.`}
			: {note: `${missing}, and what is its newest version is not told.`};
	} catch (error) {
		options.signal?.throwIfAborted();
		return {note: `${missing}, and what is its newest version could not be asked: ${messageOf(error)}.`};
	}
}
