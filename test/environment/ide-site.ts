import {execFileSync} from 'node:child_process';
import {createHash, randomBytes} from 'node:crypto';
import {chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync} from 'node:fs';
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import path from 'node:path';
import {onTestFinished} from 'vitest';
import {type Editor, editorOf, products, type ServerIde} from '../../source/environment/ide/products.js';

export const commit = 'c0ffee'.padEnd(40, '0');
export const otherCommit = 'decade'.padEnd(40, '1');

export const editor = (ide: ServerIde = 'vscode', changes: Partial<Editor> = {}): Editor => {
	const found = editorOf(ide, {commit, version: ide === 'windsurf' ? '1.12.3' : '1.104.2'}, '/here/product.json');
	if (!found) {
		throw new Error('no editor');
	}

	return {...found, ...changes};
};

/** What the site does with a request for an archive: how many of its bytes come before the connection breaks, or a status. */
export type Behaviour = 'whole' | {readonly status: number} | {readonly cutAfter: number} | 'silence';

export type Site = {
	readonly origin: string;
	/** Where VS Code's archives lie. */
	readonly files: string;
	/** The path of each request of a person's, not of what it is led on to, with ` from N` where a rest was asked for. */
	readonly asked: string[];
	/** Called for each request of an archive, the count of which it gets, from 1. */
	behave: (url: string, count: number) => Behaviour;
	/** Whether a rest can be asked for. */
	ranges: boolean;
	/** Sent instead of the archives. */
	instead: Buffer | undefined;
	/** What is said of the archives of VS Code: their checksum, another one, or nothing. The other editors' makers say nothing. */
	told: 'right' | 'wrong' | 'nothing';
};

/** Extensions are folders; what was asked for is written down in the home folder. */
const serverProgram = (folder: string): string => `#!/bin/sh
echo "$@" >> "$HOME/called"
[ ! -f "$HOME/no-marketplace" ] || { echo 'getaddrinfo ENOTFOUND marketplace.example.org'; exit 1; }
while [ $# -gt 0 ]; do
  case "$1" in --install-extension) mkdir -p "$HOME/${folder}/extensions/$2-2025.1.0"; shift ;; esac
  shift
done
`;

function pack(folder: string, top: string, files: Readonly<Record<string, string | Buffer>>, flat = false): Buffer {
	for (const [name, content] of Object.entries(files)) {
		const file = path.join(folder, top, name);
		mkdirSync(path.dirname(file), {recursive: true});
		writeFileSync(file, content);
		chmodSync(file, 0o755);
	}

	return execFileSync('tar', flat ? ['-czf', '-', '-C', path.join(folder, top), '.'] : ['-czf', '-', '-C', folder, top], {
		maxBuffer: 1 << 26,
	});
}

let archives: ReturnType<typeof packAll> | undefined;

/** Once for all tests of a file. */
function packAll(folder: string) {
	const blob = randomBytes(1 << 20);
	const servers = new Map(
		Object.entries(products).map(([ide, {folder: own, program}]) => {
			const files = {
				[`bin/${program}`]: serverProgram(own),
				node: '#!/bin/sh\n',
				'product.json': JSON.stringify({commit}),
				blob,
			};
			return [ide, pack(path.join(folder, 'packs', ide), 'vscode-server-linux', files)] as const;
		}),
	);
	const cli = (name: string) => pack(path.join(folder, 'packs'), `cli-${name}`, {[name]: '#!/bin/sh\necho the command\n'}, true);
	const clis = {stable: cli('code'), insider: cli('code-insiders')};
	return {servers, clis};
}

/** What is told of an archive in vain. */
export const wrongSum = 'BAD0'.padEnd(64, '0');

export const sumOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/**
The download sites of all editors in one, with archives of the real ones' structure. As in the real world, VS Code's leads to another host,
in an answer with the archive's checksum; the others' give it themselves. Ends with the test.
*/
export async function downloadSite(folder: string, host = '127.0.0.1'): Promise<Site> {
	const {servers, clis} = (archives ??= packAll(folder));
	const archiveOf = (url: string): Buffer | undefined => {
		const code =
			/^\/commit:([\da-f]{40})\/(server-linux-x64|server-linux-arm64|server-linux-alpine|server-alpine-arm64|cli-alpine-x64|cli-alpine-arm64)\/(stable|insider)$/.exec(
				url,
			);
		if (code) {
			const quality = code[3] as 'stable' | 'insider';
			return code[2]?.startsWith('cli') ? clis[quality] : servers.get(quality === 'stable' ? 'vscode' : 'vscode-insiders');
		}

		if (/^\/production\/[\da-f]{40}\/linux\/(x64|arm64)\/cursor-reh-linux-\1\.tar\.gz$/.test(url)) {
			return servers.get('cursor');
		}

		return /^\/linux-reh-(x64|arm64)\/stable\/[\da-f]{40}\/windsurf-reh-linux-\1-[\d.]+\.tar\.gz$/.test(url)
			? servers.get('windsurf')
			: undefined;
	};

	const newest = (url: string): unknown => {
		if (/^\/api\/latest\/server-linux-x64\/(?:stable|insider)$/.test(url)) {
			return {version: commit, productVersion: url.endsWith('insider') ? '1.106.0-insider' : '1.105.0', sha256hash: 'x'};
		}

		if (url === '/api/download?platform=linux-x64&releaseTrack=stable') {
			return {version: '2.3.41', commitSha: commit, downloadUrl: 'https://example.org/'};
		}

		return url === '/api/update/linux-reh-x64/stable/latest' ? {version: commit, windsurfVersion: '1.13.0'} : undefined;
	};

	let count = 0;
	const answer = (request: IncomingMessage, response: ServerResponse) => {
		const isLed = request.socket.localPort === (files.address() as AddressInfo).port;
		const url = request.url ?? '';
		const told = newest(url);
		const archive = archiveOf(url) && (site.instead ?? archiveOf(url));
		const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
		if (!isLed) {
			site.asked.push(from > 0 ? `${url} from ${from}` : url);
		}

		const right = archiveOf(url);
		if (right && url.startsWith('/commit:') && !isLed) {
			const sum = {right: sumOf(right), wrong: wrongSum, nothing: undefined}[site.told];
			response.writeHead(302, {
				location: `http://127.0.0.1:${(files.address() as AddressInfo).port}${url}`,
				...(sum === undefined ? {} : {'x-sha256': sum}),
			});
			response.end();
			return;
		}

		if (told !== undefined) {
			response.writeHead(200, {'content-type': 'application/json'}).end(JSON.stringify(told));
			return;
		}

		const behaviour = archive ? site.behave(url, ++count) : {status: 404};
		if (behaviour === 'silence') {
			return;
		}

		if (!archive || (typeof behaviour === 'object' && 'status' in behaviour)) {
			response.writeHead(typeof behaviour === 'object' && 'status' in behaviour ? behaviour.status : 404).end();
			return;
		}

		const begin = site.ranges ? from : 0;
		if (begin >= archive.length) {
			response.writeHead(416, {'content-range': `bytes */${archive.length}`}).end();
			return;
		}

		const body = archive.subarray(begin);
		response.writeHead(begin > 0 ? 206 : 200, {
			'content-length': body.length,
			...(begin > 0 ? {'content-range': `bytes ${begin}-${archive.length - 1}/${archive.length}`} : {}),
		});
		if (behaviour === 'whole') {
			response.end(body);
			return;
		}

		response.write(body.subarray(0, behaviour.cutAfter), () => {
			setTimeout(() => response.destroy(), 300);
		});
	};

	const server = createServer(answer);
	const files = createServer(answer);
	const site: Site = {origin: '', files: '', asked: [], behave: () => 'whole', ranges: true, instead: undefined, told: 'right'};
	for (const each of [server, files]) {
		await new Promise<void>(resolve => each.listen(0, host, resolve));
	}

	onTestFinished(() => {
		for (const each of [server, files]) {
			each.closeAllConnections();
			each.close();
		}
	});
	const [origin, led] = [server, files].map(each => `http://127.0.0.1:${(each.address() as AddressInfo).port}`);
	return Object.assign(site, {origin, files: led});
}

export const called = (home: string): string[] => {
	try {
		return readFileSync(path.join(home, 'called'), 'utf8').trim().split('\n');
	} catch {
		return [];
	}
};

const ordinary = [
	...[
		'bash',
		'cat',
		'chmod',
		'cut',
		'date',
		'df',
		'getconf',
		'grep',
		'gzip',
		'head',
		'ldd',
		'ln',
		'mkdir',
		'mktemp',
		'mv',
		'readlink',
	],
	...['rm', 'sed', 'sh', 'sleep', 'sort', 'tail', 'tar', 'tr', 'uname', 'wc', 'env', 'setsid', 'sha256sum', 'ps'],
];

export const which = (name: string): string | undefined =>
	(process.env['PATH'] ?? '')
		.split(':')
		.map(folder => path.join(folder, name))
		// A version manager's stand-in needs more than itself.
		.filter(file => !file.includes('/shims/'))
		.find(file => existsSync(file));

/** A folder that is a whole PATH: commands of this machine that a script may want, and none that downloads but the given ones. */
export function toolFolder(folder: string, more: readonly string[] = []): string {
	const bin = path.join(folder, 'bin');
	mkdirSync(bin);
	for (const name of new Set([...ordinary, ...more])) {
		const file = which(name);
		if (file !== undefined) {
			symlinkSync(file, path.join(bin, name));
		}
	}

	return bin;
}
