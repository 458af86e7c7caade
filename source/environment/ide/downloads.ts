import {createHttp, type Http} from '../../system/http.js';
import {type Editor, editorOf, products, type ServerIde} from './products.js';

/** What a server is built for: the C library and the processor. */
export const platforms = ['gnu-x64', 'gnu-arm64', 'musl-x64', 'musl-arm64'] as const;

export type Platform = (typeof platforms)[number];

/** Where an archive of each part of an editor comes from; undefined where its maker has none for the platform. */
export type Downloads = {
	readonly server: string;
	/** The command that today's Remote-SSH starts the server with; VS Code's own. */
	readonly cli: string | undefined;
};

const updates = 'https://update.code.visualstudio.com';

/** `origin` replaces every host, where it is given. */
const hosts = (origin: string | undefined, own: string): string => (origin ?? own).replace(/\/+$/, '');

// As the `code` command names them: microsoft/vscode, cli/src/update_service.rs.
const codeServers: Readonly<Record<Platform, string>> = {
	'gnu-x64': 'server-linux-x64',
	'gnu-arm64': 'server-linux-arm64',
	'musl-x64': 'server-linux-alpine',
	'musl-arm64': 'server-alpine-arm64',
};

/** The addresses of a version's archives, all `.tar.gz`. */
export function downloadsOf({ide, commit, build, version}: Editor, platform: Platform, origin?: string): Downloads | undefined {
	const arch = platform.replace(/^.*-/, '');
	const {quality} = products[ide];
	switch (ide) {
		case 'vscode':
		case 'vscode-insiders': {
			const at = `${hosts(origin, updates)}/commit:${commit}`;
			// It is built without a C library, so that one runs everywhere.
			return {server: `${at}/${codeServers[platform]}/${quality}`, cli: `${at}/cli-alpine-${arch}/${quality}`};
		}

		case 'cursor': {
			const at = hosts(origin, 'https://downloads.cursor.com');
			return platform.startsWith('musl')
				? undefined
				: {server: `${at}/production/${build}/linux/${arch}/cursor-reh-linux-${arch}.tar.gz`, cli: undefined};
		}

		case 'windsurf': {
			const at = hosts(origin, 'https://windsurf-stable.codeiumdata.com');
			const file = `windsurf-reh-linux-${arch}-${version}.tar.gz`;
			return platform.startsWith('musl')
				? undefined
				: {server: `${at}/linux-reh-${arch}/${quality}/${commit}/${file}`, cli: undefined};
		}
	}
}

function newestAt(ide: ServerIde, origin: string | undefined): string {
	switch (ide) {
		case 'vscode':
		case 'vscode-insiders': {
			return `${hosts(origin, updates)}/api/latest/server-linux-x64/${products[ide].quality}`;
		}

		case 'cursor': {
			return `${hosts(origin, 'https://www.cursor.com')}/api/download?platform=linux-x64&releaseTrack=stable`;
		}

		case 'windsurf': {
			return `${hosts(origin, 'https://windsurf-stable.codeium.com')}/api/update/linux-reh-x64/stable/latest`;
		}
	}
}

export type NewestOptions = {
	/** An address that replaces all those that editors are fetched from. */
	readonly origin?: string;
	readonly http?: Http;
	readonly signal?: AbortSignal;
};

/** The newest version, for a person whose own is not known. Rejects with an HttpError; undefined where the answer names none. */
export async function newestEditor(ide: ServerIde, {origin, http, signal}: NewestOptions = {}): Promise<Editor | undefined> {
	const {body} = await (http ?? createHttp()).json({
		url: newestAt(ide, origin),
		limits: {answer: 5000, idle: 5000, whole: 10_000},
		retry: {tries: 2},
		signal,
	});
	const told = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
	switch (ide) {
		case 'vscode':
		case 'vscode-insiders': {
			return editorOf(ide, {commit: told['version'], version: told['productVersion'] ?? told['name']});
		}

		case 'cursor': {
			return editorOf(ide, {commit: told['commitSha'], version: told['version']});
		}

		case 'windsurf': {
			return editorOf(ide, {commit: told['version'], version: told['windsurfVersion']});
		}
	}
}
