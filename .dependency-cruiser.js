// Which room may import from which; `npm run lint` holds it. The floors, and the rooms of a floor, are listed from the top down: an import goes down.
const floors = ['commands', 'ui', 'runs', 'environment', 'backends', 'agents', 'tunnel', 'offers', 'configuration', 'system'];

const rooms = {
	runs: ['live', 'end', 'prepare', 'launch', 'steps', 'plan', 'link', 'journal', 'settings', 'words', 'model'],
	ui: ['components', 'attention', 'bindings', 'screens', 'store', 'logs', 'terminal', 'drawing'],
	configuration: ['watch', 'starter', 'resolve', 'files', 'schema', 'yaml', 'grammar'],
	tunnel: ['ssh-config', 'observe', 'forward', 'connection'],
	agents: ['container', 'machine'],
};

/** A rule for each place but the top one: it imports nothing from the places above it. */
const downwards = (base, names) =>
	names.slice(1).map((name, index) => ({
		name: `${base === '' ? 'floor' : base.slice(0, -1)}: ${name}`,
		comment: `${base}${name}/ imports only from what is listed below it in .dependency-cruiser.js.`,
		severity: 'error',
		from: {path: `^source/${base}${name}/`},
		to: {path: `^source/${base}(${names.slice(0, index + 1).join('|')})/`},
	}));

export default {
	forbidden: [
		{
			name: 'no circle',
			comment: 'Files that import each other can only be understood, tested and moved together. Types count.',
			severity: 'error',
			from: {path: '^source/'},
			to: {circular: true},
		},
		...downwards('', floors),
		...Object.entries(rooms).flatMap(([floor, names]) => downwards(`${floor}/`, names)),
		{
			name: 'ui: the store reaches no screen',
			comment:
				'The state is what screens are drawn from: neither it nor what changes it leads to a screen, also not by a detour.',
			severity: 'error',
			from: {path: '^source/ui/store/'},
			to: {path: '^source/ui/(components|bindings|screens)/', reachable: true},
		},
		{
			name: 'ui: screens draw a snapshot',
			comment: 'A screen reads the state alone: not the app, the core, a clock or chance.',
			severity: 'error',
			from: {path: '^source/ui/(screens|logs|drawing)/'},
			to: {path: '^source/(ui/store/(app|tabs)|runs/(core|create-core)|system/(clock|random))\\.ts$'},
		},
		{
			name: 'nothing imports the program',
			severity: 'error',
			from: {path: '^source/[^/]+/'},
			to: {path: '^source/(cli|flags|subcommands)\\.ts$'},
		},
		{
			name: 'only ui draws',
			severity: 'error',
			from: {path: '^source/', pathNot: '^source/ui/'},
			to: {path: '^node_modules/(ink|ink-[^/]+|react)/'},
		},
		{
			name: 'no test in the program',
			severity: 'error',
			from: {path: '^source/'},
			to: {path: '^(test|scripts)/'},
		},
		{
			name: 'only what is installed',
			severity: 'error',
			from: {path: '^source/'},
			to: {couldNotResolve: true},
		},
		{
			name: 'no development package in the program',
			severity: 'error',
			from: {path: '^source/'},
			to: {dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], pathNot: '/node_modules/@types/'},
		},
	],
	options: {
		tsPreCompilationDeps: true,
		tsConfig: {fileName: 'tsconfig.json'},
		doNotFollow: {path: 'node_modules'},
		enhancedResolveOptions: {exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default', 'types']},
	},
};
