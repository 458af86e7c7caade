/** What marks a container or a volume as this program's. */
export const labels = {
	run: 'dstack-tui.run',
	intent: 'dstack-tui.intent',
	installation: 'dstack-tui.installation',
	machine: 'dstack-tui.machine',
	machineName: 'dstack-tui.machine-name',
	launchedAt: 'dstack-tui.launched-at',
	/** The name that sessions log in by. */
	login: 'dstack-tui.login',
	/** A volume's path in environments, and whose they are. */
	cache: 'dstack-tui.cache',
	folder: 'dstack-tui.folder',
	configuration: 'dstack-tui.configuration',
} as const;
