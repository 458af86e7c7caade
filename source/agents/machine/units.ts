/** Where the guard runs from: not the state folder, which a person may clear. */
export const guardFile = '/var/lib/dstack-tui/guard';

/*
Both nets run from early in the boot, without waiting for anything that may fail or hang there, go on in a rescue shell, and are not stopped
when the machine shuts down: a shutdown that hangs is theirs to force.
*/
const early = ['DefaultDependencies=no', 'After=systemd-remount-fs.service', 'IgnoreOnIsolate=yes', 'StartLimitIntervalSec=0'];
const wanted = ['', '[Install]', 'WantedBy=sysinit.target', ''];
// The kernel ends something else where memory runs out.
const preferred = ['OOMScoreAdjust=-1000', 'Nice=-5'];

const unit = (what: string, ...lines: string[]): string =>
	['[Unit]', `Description=dstack-tui: ${what}`, ...early, '', ...lines].join('\n');

/** The systemd units of the guard, by file name: a loop that always comes back, and beside it a check twice a minute. */
export const units: Readonly<Record<string, string>> = {
	'dstack-tui-guard.service': unit(
		'ends this machine when its time has come',
		'[Service]',
		`ExecStart=/bin/sh ${guardFile} watch`,
		'Restart=always',
		'RestartSec=1',
		...preferred,
		...wanted,
	),
	'dstack-tui-guard-check.service': unit(
		'ends this machine when its time has come, should the guard not do it',
		'[Service]',
		'Type=oneshot',
		`ExecStart=/bin/sh ${guardFile} check`,
		'TimeoutStartSec=180',
		...preferred,
		'',
	),
	'dstack-tui-guard.timer': unit(
		'checks twice a minute whether the time has come',
		'[Timer]',
		'OnBootSec=30',
		'OnUnitActiveSec=30',
		'AccuracySec=1',
		'Unit=dstack-tui-guard-check.service',
		...wanted,
	),
};

/** Those that the boot starts. */
export const startedUnits = ['dstack-tui-guard.service', 'dstack-tui-guard.timer'] as const;
