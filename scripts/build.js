// Bundles source/ into dist/: one entry for the program, one for the host process of the local backend, one for the process that asks AWS;
// lazy parts as chunks.
// usage: node scripts/build.js [--if-stale]
import {mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import {build} from 'esbuild';
import {scriptFiles} from './script-files.js';

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
	const inputs = ['package-lock.json', 'scripts/build.js', 'scripts/script-files.js'].map(
		file => statSync(path.join(root, file)).mtimeMs,
	);
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

/** The text with `from` replaced. A release of Ink that is written otherwise must not go unnoticed. */
const replaced = (file, ...pairs) => {
	let text = readFileSync(file, 'utf8');
	for (const [from, to] of pairs) {
		if (text.split(from).length !== 2) {
			throw new Error(`${file} does not hold, once, ${from}`);
		}

		text = text.replace(from, () => to);
	}

	return text;
};

// Two thirds of a frame's time in Ink go into taking apart lines that are as they were: lines are remembered, and so are their widths.
const quickFrames = {
	name: 'quick-frames',
	setup(builder) {
		const own = name => JSON.stringify(path.join(root, 'source/ui/drawing', name));
		builder.onLoad({filter: /ink[/\\]build[/\\]renderer\.js$/}, ({path: file}) => ({
			contents: replaced(file, [
				"import Output from './output.js';",
				`import Whole from './output.js'; import {withWholeLines} from ${own('line-cache.ts')}; const Output = withWholeLines(Whole);`,
			]),
			loader: 'js',
		}));
		builder.onLoad({filter: /ink[/\\]build[/\\]render-node-to-output\.js$/}, ({path: file}) => ({
			contents: replaced(
				file,
				["import widestLine from 'widest-line';", "import measureText from './measure-text.js';"],
				['widestLine(text)', 'measureText(text).width'],
			),
			loader: 'js',
		}));
	},
};

// Most texts show their width at a glance. What measures all others takes 25 ms to load, and is loaded with the first that needs it.
const quickWidth = {
	name: 'quick-width',
	setup(builder) {
		builder.onResolve({filter: /^string-width$/}, async ({path: name, kind, resolveDir, pluginData}) => {
			if (pluginData === quickWidth) {
				return undefined;
			}

			return {...(await builder.resolve(name, {kind, resolveDir, pluginData: quickWidth})), namespace: 'quick-width'};
		});
		builder.onLoad({filter: /.*/, namespace: 'quick-width'}, ({path: file}) => ({
			contents: [
				`import {plainWidth} from ${JSON.stringify(path.join(root, 'source/ui/drawing/plain-width.ts'))};`,
				`let whole; const load = () => require(${JSON.stringify(file)}).default;`,
				'export default (text, options) => plainWidth(text) ?? (whole ??= load())(text, options);',
			].join('\n'),
			resolveDir: root,
			loader: 'js',
		}));
	},
};

// The preferences are kept without a schema and without migrations; what would check and order those takes 15 ms to load.
const plainPreferences = {
	name: 'plain-preferences',
	setup(builder) {
		builder.onResolve({filter: /^(?:ajv[/-].*|semver)$/}, ({importer}) =>
			/[/\\]conf[/\\]/.test(importer) ? {path: 'unused', namespace: 'unused'} : undefined,
		);
		builder.onLoad({filter: /.*/, namespace: 'unused'}, () => ({
			contents: 'export const Ajv2020 = undefined; export default {};',
		}));
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
	plugins: [scriptFiles, noDevtools, noFetchedLayout, lateParts, quickFrames, quickWidth, plainPreferences],
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
