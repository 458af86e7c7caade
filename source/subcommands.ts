import type {Command} from 'commander';
import type {Output} from './commands/io.js';
import {collect, type Flags} from './flags.js';
import type {Core} from './runs/core.js';
import type {FollowEnd} from './commands/follow.js';

type Add = (name: string, description: string) => Command;

/** What a subcommand needs of the program around it. */
export type CommandDependencies = {
	readonly open: () => Promise<Core>;
	readonly outputOf: (flags: Flags) => Promise<Output>;
	readonly endWith: (following: Promise<FollowEnd>) => Promise<void>;
	/** From now on it goes on when nobody reads what it says. */
	readonly finish: () => void;
};

/** Secrets are set apart from everything else: what they hold is never an argument. */
export function addSecrets(add: Add, {outputOf}: CommandDependencies): void {
	const secrets = add('secrets', 'keep what `${{ secrets.NAME }}` stands for');
	const withSecrets = async () => import('./commands/secrets.js');
	const sub = (name: string, description: string): Command =>
		secrets
			.command(name)
			.description(description)
			.option('--json', 'one JSON object a line')
			.exitOverride()
			.configureOutput({writeErr: () => undefined});
	sub('list', 'the names of the secrets').action(async (flags: Flags) =>
		(await withSecrets()).listSecrets(await outputOf(flags)),
	);
	sub('set', 'keep a secret: what is typed, or comes on standard input')
		.argument('<name>')
		.action(async (name: string, flags: Flags) => (await withSecrets()).keepSecret(name, await outputOf(flags)));
	sub('delete', 'forget a secret')
		.argument('<name>')
		.action(async (name: string, flags: Flags) => (await withSecrets()).forgetSecret(name, await outputOf(flags)));
}

/** The images that `build` commands made. */
export function addBuilds(add: Add, {outputOf, finish}: CommandDependencies): void {
	const builds = add('builds', 'list the images that `build` commands made: here, and in the registry of the settings')
		.allowExcessArguments(false)
		.action(async (flags: Flags) => (await import('./commands/builds.js')).listBuilds(await outputOf(flags)));
	builds
		.command('delete')
		.description('delete builds; the start of a key is enough where only one begins so')
		.argument('<key...>')
		.option('-y, --yes', 'ask no questions')
		.option('--json', 'one JSON object a line')
		.exitOverride()
		.configureOutput({writeErr: () => undefined})
		.action(async (keys: string[], flags: Flags) => {
			finish();
			await (await import('./commands/builds.js')).deleteBuilds(keys, flags.yes ?? false, await outputOf(flags));
		});
}

export function addCatalog(add: Add, {outputOf, endWith}: CommandDependencies): void {
	add('catalog', 'the prices that are known without asking a cloud')
		.command('update')
		.description('fetch the newest prices that the clouds publish; no credentials are needed')
		.option('--cloud <name>', 'only this cloud; may be repeated', collect)
		.option('--json', 'one JSON object a line')
		.exitOverride()
		.configureOutput({writeErr: () => undefined})
		.action(async (flags: Flags) => {
			const {updateCatalog} = await import('./commands/catalog.js');
			await endWith(updateCatalog(flags.cloud, await outputOf(flags)));
		});
}

export function addHome(add: Add, {open, outputOf, finish}: CommandDependencies): void {
	add('bring-home', 'bring home what exists only in an environment, as branches and a patch; it goes on')
		.argument('<name>')
		.action(async (name: string, flags: Flags) => {
			finish();
			const {bringRunHome} = await import('./commands/bring-home.js');
			await bringRunHome(await open(), name, await outputOf(flags));
		});
}

/** What keeps a bill in bounds. */
export function addMoney(add: Add, {open, outputOf, finish}: CommandDependencies): void {
	add('start', 'start an environment again whose machine was stopped in its cloud; it is billed again from then on')
		.argument('<name>')
		.option('-y, --yes', 'ask no questions')
		.action(async (name: string, flags: Flags) => {
			finish();
			const [{startRun}, {systemClock}] = await Promise.all([import('./commands/start.js'), import('./system/clock.js')]);
			await startRun(await open(), systemClock, name, flags.yes ?? false, await outputOf(flags));
		});
	add('extend', "move an environment's deadline on its instance")
		.argument('<name>')
		.argument('<duration>', 'how much later, such as 2h or 1d')
		.action(async (name: string, duration: string, flags: Flags) => {
			const {extendRun} = await import('./commands/extend.js');
			await extendRun(await open(), name, duration, await outputOf(flags));
		});
	add('reap', 'compare with the clouds once, end what should have ended, remove what is left over; for cron')
		.argument('[name...]', 'also these instances of another machine with the same installation: run names or ids')
		.option('-y, --yes', 'also end instances that no journal tells of, without a question')
		.action(async (names: string[], flags: Flags) => {
			finish();
			const [{reap}, {systemClock}] = await Promise.all([import('./commands/reap.js'), import('./system/clock.js')]);
			await reap(await open(), systemClock, {yes: flags.yes ?? false, names}, await outputOf(flags));
		});
	add('ledger', 'what past environments cost').action(async (flags: Flags) => {
		const {printLedger} = await import('./commands/reap.js');
		await printLedger(await open(), await outputOf(flags));
	});
}
