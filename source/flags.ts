import {type Command, Option} from 'commander';
import type {BuildPolicy, RequirementFlags} from './configuration/model.js';
import type {SortColumn} from './offers/sort.js';

/** Everything that may stand on the command line, as it is given. */
export type Flags = {
	json?: boolean;
	plain?: boolean;
	file?: string;
	name?: string;
	yes?: boolean;
	discard?: boolean;
	forget?: boolean;
	detach?: boolean;
	all?: boolean;
	follow?: boolean;
	limit?: number;
	sort?: SortColumn;
	test?: boolean;
	cloud?: string[];
	schema?: 'configuration' | 'profiles';
	/** `false` for `--no-profile`. */
	profile?: string | false;
	backend?: string[];
	region?: string[];
	instanceType?: string[];
	gpu?: string;
	cpu?: string;
	memory?: string;
	disk?: string;
	maxPrice?: string;
	maxDuration?: string;
	spot?: boolean;
	onDemand?: boolean;
	spotAuto?: boolean;
	spotPolicy?: RequirementFlags['spotPolicy'];
	/** `false` for `--no-retry`. */
	retry?: boolean;
	retryLimit?: string;
	build?: boolean;
	forwardAgent?: boolean;
	sendSecrets?: string[];
	/** `false` for `--no-trust-repository`. */
	trustRepository?: boolean;
	forceBuild?: boolean;
	env?: string[];
	port?: string[];
	reverse?: string[];
};

export const collect = (value: string, before: string[] = []): string[] => [...before, value];

/** The flags that `run` and `offers` share. */
export const withRequirements = (command: Command): Command =>
	command
		.option('-f, --file <file>', 'the configuration file, instead of the default one')
		.addOption(new Option('--profile <name>', 'the profile, instead of the default one'))
		.option('--no-profile', 'no profile, also where there is a default one')
		.option('--backend <name>', 'only this backend; may be repeated', collect)
		.option('--region <name>', 'only this region; may be repeated', collect)
		.option('--instance-type <name>', 'only this instance type; may be repeated', collect)
		.option('--gpu <spec>', 'A10 | A100:8 | 24GB | A100:2:40GB | 24GB..80GB:1..4')
		.option('--cpu <n>', 'cores at least, or a range: 4, 2..8, arm:8..')
		.option('--memory <size>', 'memory at least, or a range: 16GB, 16GB..64GB')
		.option('--disk <size>', 'disk at least, or a range: 100GB')
		.option('--max-price <dollars>', 'highest price per hour')
		.option('--max-duration <duration>', 'when it ends itself: 6h, 1d, off')
		.addOption(new Option('--spot', 'spot instances only').conflicts(['onDemand', 'spotAuto', 'spotPolicy']))
		.addOption(new Option('--on-demand', 'on-demand instances only').conflicts(['spotAuto', 'spotPolicy']))
		.addOption(new Option('--spot-auto', 'spot first, then on-demand').conflicts(['spotPolicy']))
		.addOption(new Option('--spot-policy <policy>').choices(['spot', 'on-demand', 'auto']))
		.addOption(new Option('--retry', 'try again when there is no capacity').default(undefined))
		.addOption(new Option('--no-retry', 'try no offer twice').conflicts(['retryLimit']))
		.addOption(new Option('--retry-limit <duration>', 'try again for so long: 1h'));

const reverseWords = 'a port there that leads to one here, 9000 or 9000:3000; may be repeated';

/** The ports that `attach` adds. */
export const withPorts = (command: Command): Command =>
	command
		.option('-p, --port <port>', 'forward one more port, 8000 or 3333:8000; may be repeated', collect)
		.option('-R, --reverse <there:here>', reverseWords, collect);

/** The flags that only `run` has. */
export const withRun = (command: Command): Command =>
	withRequirements(command)
		.option('-n, --name <name>', "the run's name, instead of one like fast-moth-1")
		.option('-y, --yes', 'ask no questions')
		.option('-d, --detach', 'return when it is ready; the environment goes on')
		.option(
			'-e, --env <name=value>',
			'a variable in the environment, or its name alone for your own value; may be repeated',
			collect,
		)
		.option('-p, --port <port>', 'a port, 8000 or 3333:8000; may be repeated', collect)
		.option('-R, --reverse <there:here>', reverseWords, collect)
		.option('--build', 'make the image of `build` if there is none')
		.addOption(new Option('--force-build', 'make it anew').conflicts(['build']))
		.option(
			'--send-secrets <host>',
			"say yes to what the configuration's registry_auth sends of your own to this registry; may be repeated",
			collect,
		)
		.option('--forward-agent', 'lend your SSH agent to sessions in the environment')
		.addOption(new Option('--trust-repository', 'vouch for the code, from now on: its git settings may run').default(undefined))
		.addOption(new Option('--no-trust-repository', 'do so no more'))
		.option('--plain', 'lines instead of the full screen');

const buildPolicy = ({build, forceBuild}: Flags): BuildPolicy | undefined =>
	forceBuild ? 'force-build' : build ? 'build' : undefined;

const retryFlag = ({retry, retryLimit}: Flags): RequirementFlags['retry'] =>
	retryLimit === undefined ? (retry === undefined ? undefined : retry ? 'on' : 'off') : {limit: retryLimit};

export const requirementFlags = (flags: Flags): RequirementFlags => ({
	profile: flags.profile,
	backends: flags.backend,
	regions: flags.region,
	instanceTypes: flags.instanceType,
	gpu: flags.gpu,
	cpu: flags.cpu,
	memory: flags.memory,
	disk: flags.disk,
	maxPrice: flags.maxPrice,
	maxDuration: flags.maxDuration,
	spotPolicy: flags.spotPolicy ?? (flags.spot ? 'spot' : flags.onDemand ? 'on-demand' : flags.spotAuto ? 'auto' : undefined),
	retry: retryFlag(flags),
	env: flags.env,
	ports: flags.port,
	reverse: flags.reverse,
	build: buildPolicy(flags),
	...(flags.sendSecrets ? {sendSecrets: flags.sendSecrets} : {}),
	...(flags.forwardAgent ? {forwardAgent: true} : {}),
});
