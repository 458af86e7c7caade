// Bundles source/ into dist/: one entry for the program, one for the host process of the local backend, one for the process that asks AWS;
// lazy parts as chunks.
// usage: node scripts/build.js [--if-stale]
import {mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import {build} from 'esbuild';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const dist = path.join(root, 'dist');

const newest = folder =>
	Math.max(
		...readdirSync(folder, {recursive: true, withFileTypes: true})
			.filter(entry => entry.isFile())
			.map(entry => statSync(path.join(entry.parentPath ?? entry.path, entry.name)).mtimeMs),
	);

const isFresh = () => {
	const built = statSync(path.join(dist, 'cli.js'), {throwIfNoEntry: false});
	const inputs = ['package-lock.json', 'scripts/build.js'].map(file => statSync(path.join(root, file)).mtimeMs);
	return built !== undefined && built.mtimeMs > Math.max(newest(path.join(root, 'source')), ...inputs);
};

if (process.argv.includes('--if-stale') && isFresh()) {
	process.exit(0);
}

// Ink loads React's devtools only when asked to by DEV; left external, the missing package would break every start.
const noDevtools = {
	name: 'no-devtools',
	setup(builder) {
		builder.onResolve({filter: /^react-devtools-core$/}, () => ({path: 'react-devtools-core', namespace: 'empty'}));
		builder.onLoad({filter: /.*/, namespace: 'empty'}, () => ({contents: 'export default {};'}));
	},
};

// Ink's layout engine carries its machine code in itself, and yet asks `fetch` to decode it, for which Node loads its whole HTTP client.
const noFetchedLayout = {
	name: 'no-fetched-layout',
	setup(builder) {
		builder.onLoad({filter: /yoga-wasm-base64-esm\.js$/}, ({path: file}) => ({
			contents: `const fetch = undefined;\n${readFileSync(file, 'utf8')}`,
			loader: 'js',
		}));
	},
};

// What a package reads at its own start and hardly anybody needs, read when somebody does: by file, what stands there and what takes its place.
const late = {
	// A Docker that is reached over SSH; registries that are asked through a session of its builder.
	'docker-modem/lib/modem.js': [["ssh = require('./ssh')", "ssh = (...given) => require('./ssh')(...given)"]],
	'dockerode/lib/docker.js': [
		["withSession = require('./session')", "withSession = (...given) => require('./session')(...given)"],
	],
	// Settings that are checked against a schema, or moved from version to version.
	'conf/dist/source/index.js': [
		[
			"import { Ajv2020 as Ajv } from 'ajv/dist/2020.js';",
			"const Ajv = function (options) { return new (require('ajv/dist/2020.js').Ajv2020)(options); };",
		],
		[
			"import ajvFormatsModule from 'ajv-formats';",
			"const ajvFormatsModule = {get default() { return require('ajv-formats').default; }};",
		],
		["import semver from 'semver';", "const semver = new Proxy({}, {get: (_, name) => require('semver')[name]});"],
	],
};
const lateParts = {
	name: 'late-parts',
	setup(builder) {
		for (const [ending, changes] of Object.entries(late)) {
			builder.onLoad({filter: new RegExp(`/node_modules/${ending.replaceAll('.', '\\.')}$`)}, ({path: file}) => {
				let contents = readFileSync(file, 'utf8');
				for (const [from, to] of changes) {
					if (!contents.includes(from)) {
						throw new Error(`${file} has become another: ${from} is not there`);
					}

					contents = contents.replace(from, () => to);
				}

				return {contents, loader: 'js'};
			});
		}
	},
};

const {outputFiles} = await build({
	absWorkingDir: root,
	entryPoints: {
		cli: 'source/cli.ts',
		'process-host': 'source/backends/local/process/host.ts',
		'aws-worker': 'source/backends/aws/worker.ts',
	},
	outdir: 'dist',
	bundle: true,
	splitting: true,
	platform: 'node',
	format: 'esm',
	target: 'node20',
	// Not the names: those of errors and functions are part of messages, and to mangle them and keep them by a call each costs 60 ms at the start.
	minifyWhitespace: true,
	minifySyntax: true,
	define: {'process.env.NODE_ENV': '"production"'},
	// Optional native parts: ssh2 and node-pty look for them at run time and go on without.
	external: ['@lydell/node-pty', 'cpu-features', '*.node'],
	plugins: [noDevtools, noFetchedLayout, lateParts],
	// What CommonJS modules in the bundle (ssh2, dockerode) expect to be there.
	banner: {
		js: [
			"import {createRequire as __createRequire} from 'node:module';",
			"import {fileURLToPath as __fileURLToPath} from 'node:url';",
			'const require = __createRequire(import.meta.url);',
			'const __filename = __fileURLToPath(import.meta.url);',
			"const __dirname = __fileURLToPath(new URL('.', import.meta.url));",
		].join(' '),
	},
	logLevel: 'warning',
	write: false,
});

// Programs that run read their lazy parts from here: what they may still need stays for a while, and what is there is replaced in one piece.
// Chunks carry a hash of what is in them; the entries, which name them, come last.
const keptFor = 7 * 24 * 3600 * 1000;
mkdirSync(dist, {recursive: true});
const isEntry = file => /^(?:cli|process-host|aws-worker)\.js$/.test(path.basename(file.path));
for (const file of outputFiles.sort((a, b) => Number(isEntry(a)) - Number(isEntry(b)))) {
	writeFileSync(`${file.path}.new`, file.contents);
	renameSync(`${file.path}.new`, file.path);
}

const written = new Set(outputFiles.map(file => path.basename(file.path)));
for (const name of readdirSync(dist)) {
	const file = path.join(dist, name);
	if (!written.has(name) && Date.now() - statSync(file).mtimeMs > keptFor) {
		rmSync(file, {force: true});
	}
}
