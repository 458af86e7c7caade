import type {Ide} from '../../configuration/model.js';
import {hasServer, products} from './products.js';

/** Also what a terminal that looks for links would end one at. */
const encode = (text: string): string =>
	encodeURIComponent(text.toWellFormed()).replace(/[!'()*]/g, each => `%${each.charCodeAt(0).toString(16).toUpperCase()}`);

const encodePath = (folder: string): string => folder.split('/').map(encode).join('/');

const absolute = (folder: string): string => (folder.startsWith('/') ? folder : `/${folder}`);

/** A host's name is compared in lower case, and a few characters end it: others go in the form that Remote-SSH writes itself. */
const authority = (alias: string): string =>
	/^[a-z\d][a-z\d.-]*$/.test(alias) ? alias : Buffer.from(JSON.stringify({hostName: alias})).toString('hex');

/** The link that opens a folder of an environment in the person's editor, over the ssh alias. `folder` is absolute, there. */
export function ideLink(ide: Ide, alias: string, folder: string): {ide: string; url: string} {
	const place = encodePath(absolute(folder));
	return hasServer(ide)
		? {ide: products[ide].name, url: `${ide}://vscode-remote/ssh-remote+${authority(alias)}${place}`}
		: {ide: 'Zed', url: `zed://ssh/${encode(alias)}${place}`};
}

/** The same as a command of this machine, with its arguments: no shell, nothing to quote. */
export function openCommand(ide: Ide, alias: string, folder: string): readonly string[] {
	return hasServer(ide)
		? [products[ide].command, '--remote', `ssh-remote+${authority(alias)}`, absolute(folder)]
		: ['zed', `ssh://${encode(alias)}${encodePath(absolute(folder))}`];
}
