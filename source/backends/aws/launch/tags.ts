import type {Tag} from '@aws-sdk/client-ec2';
import packageJson from '../../../../package.json' with {type: 'json'};
import {BackendError, type LaunchIntent} from '../../backend.js';

const prefix = 'dstack-tui:';

export const tagNames = {
	intent: `${prefix}intent`,
	installation: `${prefix}installation`,
	run: `${prefix}run`,
	deadline: `${prefix}deadline`,
	machine: `${prefix}machine`,
	machineName: `${prefix}machine-name`,
	version: `${prefix}version`,
} as const;

/** The filter for what this installation has made. */
export const installationFilter = (installation: string) => ({Name: `tag:${tagNames.installation}`, Values: [installation]});

const mostTags = 50;

/**
The tags of everything that a launch makes, in one order. The person's own (of the settings and of the run, which win) can replace none of
ours. Throws a `configuration` error for those that EC2 would not take.
*/
export function tagsOf(intent: LaunchIntent, ofSettings: Readonly<Record<string, string>> = {}): Tag[] {
	const own = {...ofSettings, ...intent.tags};
	for (const [key, value] of Object.entries(own)) {
		if (key === '' || key.length > 128 || value.length > 256 || /^(?:aws|dstack-tui):/i.test(key)) {
			throw new BackendError('configuration', `EC2 takes no tag called ${JSON.stringify(key.slice(0, 40))}`, {
				next: 'A name has 1 to 128 characters and does not begin with aws: or dstack-tui:, a value has at most 256.',
			});
		}
	}

	const all = {
		...own,
		[tagNames.intent]: intent.id,
		[tagNames.installation]: intent.installation,
		[tagNames.run]: intent.run,
		...(intent.machine && {[tagNames.machine]: intent.machine.id, [tagNames.machineName]: intent.machine.name}),
		[tagNames.deadline]: intent.deadline === undefined ? 'off' : new Date(intent.deadline).toISOString(),
		[tagNames.version]: packageJson.version,
		Name: `dstack-tui-${intent.run}`,
	};
	const tags = Object.entries(all)
		.map(([Key, Value]) => ({Key, Value}))
		.sort((a, b) => (a.Key < b.Key ? -1 : 1));
	if (tags.length > mostTags) {
		throw new BackendError('configuration', `${tags.length} tags are more than the ${mostTags} that EC2 takes`);
	}

	return tags;
}

export const tagValue = (tags: readonly Tag[] | undefined, name: string): string | undefined =>
	tags?.find(({Key}) => Key === name)?.Value;
