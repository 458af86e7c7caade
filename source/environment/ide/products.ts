import type {Ide} from '../../configuration/model.js';

/** The editors whose server can be there before the editor comes; Zed brings its own when it connects. */
export type ServerIde = Exclude<Ide, 'zed'>;

/** What is known of an editor, wherever it runs. */
export type Product = {
	readonly name: string;
	/** Its command here, and `applicationName` in its product.json. */
	readonly command: string;
	readonly quality: 'stable' | 'insider';
	/** The folder of its server, in the home folder there. */
	readonly folder: string;
	/** The server's command, in its folder `bin`. */
	readonly program: string;
};

export const products: Readonly<Record<ServerIde, Product>> = {
	vscode: {name: 'VS Code', command: 'code', quality: 'stable', folder: '.vscode-server', program: 'code-server'},
	'vscode-insiders': {
		name: 'VS Code Insiders',
		command: 'code-insiders',
		quality: 'insider',
		folder: '.vscode-server-insiders',
		program: 'code-server-insiders',
	},
	cursor: {name: 'Cursor', command: 'cursor', quality: 'stable', folder: '.cursor-server', program: 'cursor-server'},
	windsurf: {name: 'Windsurf', command: 'windsurf', quality: 'stable', folder: '.windsurf-server', program: 'windsurf-server'},
};

export const hasServer = (ide: Ide | undefined): ide is ServerIde => ide !== undefined && ide !== 'zed';

/** One version of an editor: the user's, or the newest. */
export type Editor = {
	readonly ide: ServerIde;
	/** 40 hexadecimal digits: what its server is named by. */
	readonly commit: string;
	/** The commit that its downloads are named by, which Cursor distinguishes. */
	readonly build: string;
	readonly version: string;
	/** The product.json or the command that reported it; undefined for the newest version, which nobody here has. */
	readonly place: string | undefined;
};

/** Checks what a file, a command or a server said; undefined where it is not a version of an editor. */
export function editorOf(
	ide: ServerIde,
	found: {commit: unknown; build?: unknown; version: unknown},
	place?: string,
): Editor | undefined {
	const {commit, build = commit, version} = found;
	return isCommit(commit) && isCommit(build) && isVersion(version) ? {ide, commit, build, version, place} : undefined;
}

const isCommit = (value: unknown): value is string => typeof value === 'string' && /^[\da-f]{40}$/.test(value);

const isVersion = (value: unknown): value is string => typeof value === 'string' && /^\d[\w.+-]{0,40}$/.test(value);
