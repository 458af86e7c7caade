import {existsSync} from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import {Command, CommanderError, Option} from 'commander';
import packageJson from '../package.json' with {type: 'json'};
import type {FollowEnd} from './commands/follow.js';
import type {Start} from './commands/screen.js';
import {type Flags, requirementFlags, withPorts, withRequirements, withRun} from './flags.js';
import {sortColumns} from './offers/sort.js';
import {addBuilds, addCatalog, addHome, addMoney, addSecrets, type CommandDependencies} from './subcommands.js';
import {messageOf, Problem, type ProblemKind} from './system/problem.js';
import {programName} from './system/program-name.js';
import {searchPath} from './system/search-path.js';
import type {Wait} from './system/waits.js';
import {neutralise} from './system/terminal-text.js';

const exitCodes: Readonly<Record<ProblemKind, number>> = {
	failed: 1,
	usage: 2,
	configuration: 2,
	'no-offer': 3,
	'not-provisioned': 4,
	interrupted: 130,
};

const count = (value: string): number => {
	if (!/^[1-9]\d{0,5}$/.test(value)) {
		throw new Problem('usage', `--limit ${value}: a whole number from 1 is expected`);
	}

	return Number(value);
};

/** Set by what changes something: that goes on when nobody reads what it says. */
let mustFinish = false;

/** The full screen needs a terminal on both sides, and one that can move its cursor. */
const canDraw = ({json, plain}: Flags): boolean =>
	!json && !plain && process.stdin.isTTY === true && process.stdout.isTTY === true && process.env['TERM'] !== 'dumb';

const open = async (directory: string | undefined, onWait: (wait: Wait) => void = tellWait) =>
	(await import('./commands/core.js')).openCore(directory, fileURLToPath(import.meta.url), onWait);

/** Ends the program: questions that nobody answered in time are nobody's any more. What was printed is on its way before. */
function leaveQuestions(): void {
	process.stdout.write('', () => process.exit());
}

/** Beside the output: every wait is shown. */
function tellWait(wait: Wait): void {
	void import('./runs/words/wait-words.js').then(({waitLine}) => process.stderr.write(`dstack-tui: ${waitLine(wait)}\n`));
}

const outputOf = async (flags: Flags) => (await import('./commands/io.js')).makeOutput(flags.json ?? false);

async function endWith(following: Promise<FollowEnd>): Promise<void> {
	const {signal} = await following;
	if (signal) {
		const {exitCodeOf} = await import('./commands/follow.js');
		process.exitCode = exitCodeOf(signal);
	}
}

async function draw(directory: string | undefined, start: Start): Promise<void> {
	const [{openScreen}, {core, clock}] = await Promise.all([import('./commands/screen.js'), open(directory, () => undefined)]);
	await endWith(openScreen(core, clock, start));
	// Questions that were on their way when the person left are nobody's any more.
	process.exit();
}

function makeProgram(): Command {
	const program = new Command('dstack-tui')
		.description('From a .dstack.yml to a running dev environment with your editor connected.')
		.version(packageJson.version, '-v, --version')
		.argument('[dir]', 'the folder to look at', '.')
		.allowExcessArguments()
		.option('--plain', 'lines instead of the full screen')
		.option('--json', 'one JSON object a line')
		.exitOverride()
		.configureOutput({writeErr: () => undefined})
		.enablePositionalOptions()
		.action(async (directory: string, flags: Flags) => {
			await refuseMistyped(program, directory);
			if (canDraw(flags)) {
				await draw(directory, {screen: 'configurations'});
				return;
			}

			const {overview} = await import('./commands/overview.js');
			await overview((await open(directory)).core, await outputOf(flags));
			leaveQuestions();
		});

	const add = (name: string, description: string): Command =>
		program
			.command(name)
			.description(description)
			.option('--json', 'one JSON object a line')
			.exitOverride()
			.configureOutput({writeErr: () => undefined});

	withRun(add('run', 'start a dev environment'))
		.argument('[dir]', 'the folder whose code and configuration are used', '.')
		.action(async (directory: string, flags: Flags) => {
			const choice = {file: flags.file, name: flags.name, flags: requirementFlags(flags)};
			if (canDraw(flags) && !flags.detach) {
				await draw(directory, {screen: 'plan', choice, yes: flags.yes ?? false, trusted: flags.trustRepository});
				return;
			}

			mustFinish = true;
			const {runPlainly} = await import('./commands/run.js');
			const options = {
				...choice,
				detach: flags.detach ?? false,
				yes: flags.yes ?? false,
				trusted: flags.trustRepository,
			};
			await endWith(runPlainly((await open(directory)).core, options, await outputOf(flags)));
		});

	withRequirements(add('offers', 'list what could be had, best first'))
		.argument('[dir]', 'the folder whose configuration is used', '.')
		.option('--limit <n>', 'at most so many', count)
		.addOption(new Option('--sort <key>', "sort by a column instead of the plan's order").choices(sortColumns))
		.action(async (directory: string, flags: Flags) => {
			const {listOffers} = await import('./commands/offers.js');
			const choice = {file: flags.file, flags: requirementFlags(flags), limit: flags.limit, sort: flags.sort};
			await listOffers((await open(directory)).core, choice, await outputOf(flags));
		});

	add('ps', 'list environments')
		.option('-a, --all', 'those that are gone too')
		.action(async (flags: Flags) => {
			const [{listRuns}, {core, clock}] = await Promise.all([import('./commands/ps.js'), open(undefined)]);
			await listRuns(core, clock, flags.all ?? false, await outputOf(flags));
			leaveQuestions();
		});

	withPorts(add('attach', 'come back to an environment: its link, ports and logs'))
		.argument('<name>')
		.option('--plain', 'lines instead of the full screen')
		.option('-d, --detach', 'only see to it that it becomes ready, then return')
		.action(async (name: string, flags: Flags) => {
			const ports = {ports: flags.port, reverse: flags.reverse};
			if (canDraw(flags) && !flags.detach) {
				await draw(undefined, {screen: 'attach', name, ports});
				return;
			}

			mustFinish = true;
			const {attachPlainly} = await import('./commands/attach.js');
			const options = {detach: flags.detach ?? false, ports};
			await endWith(attachPlainly((await open(undefined)).core, name, options, await outputOf(flags)));
		});

	add('logs', "print an environment's build and setup logs")
		.argument('<name>')
		.option('-f, --follow', 'go on as they grow')
		.action(async (name: string, flags: Flags) => {
			const [{printLogs}, {systemClock}] = await Promise.all([import('./commands/logs.js'), import('./system/clock.js')]);
			await printLogs((await open(undefined)).core, name, flags.follow ?? false, await outputOf(flags), systemClock);
		});

	add('stop', 'end environments and delete what is in them')
		.argument('<name...>')
		.option('-y, --yes', 'ask no questions; work that exists nowhere else is brought home first')
		.option('--discard', 'lose what is in them: bring nothing home')
		.option(
			'--forget',
			'end nothing: let go of those whose end cannot be confirmed from here, as their account is not set up any more or their journal is damaged',
		)
		.action(async (names: string[], flags: Flags) => {
			mustFinish = true;
			const {stopRuns} = await import('./commands/stop.js');
			const options = {yes: flags.yes ?? false, discard: flags.discard ?? false, forget: flags.forget ?? false};
			await stopRuns((await open(undefined)).core, names, options, await outputOf(flags));
		});

	add('check', 'check configurations and profiles')
		.argument('[dir]', 'the folder to look at', '.')
		.addOption(new Option('--schema <kind>', 'print a JSON Schema for editors instead').choices(['configuration', 'profiles']))
		.action(async (directory: string, flags: Flags) => {
			const {check, printSchema} = await import('./commands/check.js');
			if (flags.schema) {
				printSchema(flags.schema);
				return;
			}

			await check((await open(directory)).core, await outputOf(flags));
		});

	add('backends', 'list the backends: where each is set up, and whether it answers')
		.option('--no-test', 'ask nobody; only read the settings')
		.action(async (flags: Flags) => {
			const {listBackends} = await import('./commands/backends.js');
			await listBackends(flags.test ?? true, await outputOf(flags));
		});

	const means: CommandDependencies = {
		open: async () => (await open(undefined)).core,
		outputOf,
		endWith,
		finish() {
			mustFinish = true;
		},
	};
	addHome(add, means);
	addMoney(add, means);
	addSecrets(add, means);
	addCatalog(add, means);
	addBuilds(add, means);
	return program;
}

/** A word that is neither a command nor a folder is more often a command that was typed wrong. */
async function refuseMistyped({args, commands}: Command, word: string): Promise<void> {
	const isFolder = existsSync(word);
	if (args.length <= 1 && (isFolder || !/^[a-z][\w-]*$/i.test(word))) {
		return;
	}

	const known = commands.map(command => command.name());
	if (isFolder) {
		throw new Problem('usage', `One folder is expected; '${args[1] ?? ''}' is too much`, {
			next: `Commands: ${known.join(', ')}.`,
		});
	}

	const {suggest} = await import('./configuration/schema/suggest.js');
	const meant = suggest(word, known);
	throw new Problem('usage', `There is no command and no folder called '${word}'`, {
		next: `${meant === undefined ? '' : `Did you mean \`${programName} ${meant}\`? `}Commands: ${known.join(', ')}.`,
	});
}

function usage({code, message}: CommanderError): {readonly message: string; readonly next: string} {
	const [group] = process.argv.slice(2);
	// Commander's own words for a command that only has others below it are none.
	return code === 'commander.help'
		? {
				message: `\`${programName} ${group}\` alone does nothing`,
				next: `\`${programName} ${group} --help\` shows what can follow.`,
			}
		: {message: message.replace(/^error: /, ''), next: `\`${programName} --help\` shows what there is.`};
}

async function report(error: unknown): Promise<number> {
	if (error instanceof CommanderError) {
		const {message, next} = usage(error);
		if (error.exitCode !== 0 && process.argv.includes('--json')) {
			process.stdout.write(`${JSON.stringify({type: 'error', kind: 'usage', message, details: [], next})}\n`);
		} else if (error.exitCode !== 0) {
			process.stderr.write(`dstack-tui: ${message}\n${next}\n`);
		}

		return error.exitCode === 0 ? 0 : exitCodes.usage;
	}

	if (process.argv.includes('--json')) {
		const {problemObject} = await import('./commands/follow.js');
		process.stdout.write(`${JSON.stringify(problemObject(error))}\n`);
	} else if (error instanceof Problem) {
		const details = error.details.map(line => `  ${line}\n`).join('');
		process.stderr.write(neutralise(`dstack-tui: ${error.message}\n${details}${error.next ? `${error.next}\n` : ''}`));
	} else {
		process.stderr.write(`dstack-tui: ${neutralise(messageOf(error))}\n`);
	}

	return exitCodes[error instanceof Problem ? error.kind : 'failed'];
}

/** A reader that goes away (`dstack-tui ps | head -1`) is no error, and a terminal that does sends SIGHUP, which lets go in order. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
	if (error.code === 'EPIPE' && mustFinish) {
		return;
	}

	if (error.code !== 'EIO') {
		process.exit(error.code === 'EPIPE' ? 0 : 1);
	}
});

// A bug is reported in one line as well; its stack would be of the bundle.
for (const event of ['uncaughtException', 'unhandledRejection']) {
	process.on(event, (error: unknown) => {
		const words = process.env['DSTACK_TUI_DEBUG'] ? String((error as Error)?.stack) : messageOf(error);
		// Said last, when the full screen has given the terminal back.
		process.on('exit', () => process.stderr.write(`dstack-tui: ${words}\n`));
		process.exit(exitCodes.failed);
	});
}

try {
	// `npm start` runs in the package's own folder; the person stands in another.
	const from = process.env['npm_lifecycle_event'] === 'start' ? process.env['INIT_CWD'] : undefined;
	if (from !== undefined && path.isAbsolute(from)) {
		process.chdir(from);
	}

	// Programs of the system are the person's, never those of the folder that they stand in.
	process.env['PATH'] = searchPath(process.cwd());
	await makeProgram().parseAsync();
} catch (error) {
	process.exitCode = await report(error);
}
