import process from 'node:process';
import {readProfiles} from '../../source/configuration/files/profiles.js';
import {readConfiguration} from '../../source/configuration/files/read.js';

// Reads one file as both kinds and tells what the slower took, in milliseconds of the processor: bundled and started by hostile.test.ts with a small heap.
const [folder = '', file = ''] = process.argv.slice(2);
const milliseconds = ({user, system}: NodeJS.CpuUsage): number => (user + system) / 1000;
const start = process.cpuUsage();
const {diagnostics, environment} = await readConfiguration(file, folder);
const first = milliseconds(process.cpuUsage(start));
const between = process.cpuUsage();
const profiles = await readProfiles(folder);
const second = milliseconds(process.cpuUsage(between));
process.stdout.write(
	JSON.stringify({
		refused: environment === undefined,
		profiles: profiles.profiles.length,
		messages: [...diagnostics, ...profiles.diagnostics].map(({message}) => message),
		processor: Math.max(first, second),
		// KiB, of the whole process.
		memory: process.resourceUsage().maxRSS,
	}),
);
