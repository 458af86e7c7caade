import {z} from 'zod';
import {readJsonLine} from '../../system/json-line.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import {engineClient} from './engine-client.js';
import {programScript} from './program.js';

const main = String.raw`
import calendar, glob

name = given['container']
killed = re.compile(r'[Kk]illed process (\d+) \((.+?)\)(?:.*?anon-rss:(\d+)kB)?')


def moment(text):
    found = re.match(r'^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)', text or '')
    return calendar.timegm(time.strptime(found.group(1), '%Y-%m-%dT%H:%M:%S')) if found and not text.startswith('0001') else None


# How many processes of the container the kernel killed for want of memory since it started; None where it cannot be read.
def kills_of(pid):
    try:
        with open('/proc/%d/cgroup' % pid) as file:
            lines = [line.rstrip('\n').split(':', 2) for line in file]
    except OSError:
        return None
    for _, controllers, place in lines:
        if controllers == '':
            files = ['/sys/fs/cgroup' + place + '/memory.events', '/sys/fs/cgroup/unified' + place + '/memory.events']
        elif 'memory' in controllers.split(','):
            files = ['/sys/fs/cgroup/memory' + place + '/memory.oom_control']
        else:
            continue
        for each in files:
            try:
                with open(each) as file:
                    counts = [line.split()[1] for line in file if line.startswith('oom_kill ')]
            except OSError:
                continue
            if counts:
                return int(counts[0])
    return None


# What the kernel says that it killed, newest last; None where its messages cannot be read.
def kernel_kills():
    try:
        source = os.open('/dev/kmsg', os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return None
    found = []
    with open('/proc/uptime') as file:
        booted = time.time() - float(file.read().split()[0])
    try:
        while True:
            try:
                record = os.read(source, 8192).decode('utf-8', 'replace')
            except BlockingIOError:
                return found[-10:]
            except OSError as error:
                # Overwritten while it was read: the next one is there.
                if error.errno == errno.EPIPE:
                    continue
                return None
            head, _, text = record.partition(';')
            match = killed.search(text)
            if match and re.search('out of memory|oom', text, re.I):
                found.append({'at': int(booted + int(head.split(',')[2]) / 1e6), 'process': one_line(match.group(2))[:64],
                              'memory': int(match.group(3)) * 1024 if match.group(3) else None})
    finally:
        os.close(source)


def disk(place):
    try:
        found = os.statvfs(place)
    except OSError:
        return None
    return {'path': place, 'free': found.f_bavail * found.f_frsize, 'total': found.f_blocks * found.f_frsize, 'freeFiles': found.f_favail}


def main():
    found = find(container_path(name, 'json'))
    told = {'at': int(time.time()), 'disks': [each for each in (disk(engine_disk()[0]), disk('/workflow'), disk('/')) if each],
            'kernelKills': kernel_kills(), 'container': None}
    if found:
        state = found['State']
        told['container'] = {
            'running': state['Running'], 'restarting': bool(state.get('Restarting')), 'paused': bool(state.get('Paused')),
            'exitCode': state.get('ExitCode'), 'oomKilled': bool(state.get('OOMKilled')), 'restarts': found.get('RestartCount', 0),
            'startedAt': moment(state.get('StartedAt')), 'finishedAt': moment(state.get('FinishedAt')), 'error': one_line(state.get('Error') or '')[:500],
            'oomKills': kills_of(state['Pid']) if state.get('Pid') else None, 'lastLines': last_lines(name, 10),
        }
    say(json.dumps(told))


perform(main)
`;

/** Prints one line for `parseContainerState`. Changes nothing. */
export const containerStateScript = (container: string): string =>
	programScript({parts: [engineClient, main], given: {container}});

const whole = z.number().int();
const moment = whole.positive().max(99_999_999_999);
const text = (length: number) => z.string().max(length).transform(neutraliseLine);

/** Moments are seconds since the epoch by the machine's clock, sizes are bytes. */
const schema = z.object({
	at: moment,
	/** The engine's disk first; the same disk may come under several paths. */
	disks: z.array(z.object({path: text(4096), free: whole, total: whole, freeFiles: whole})).max(8),
	/** Processes that the kernel killed for want of memory since the machine started, newest last, at most 10; null where its messages cannot be read. */
	kernelKills: z
		.array(z.object({at: moment, process: text(64), memory: whole.nullable()}))
		.max(10)
		.nullable(),
	/** Null where there is none. */
	container: z
		.object({
			running: z.boolean(),
			restarting: z.boolean(),
			paused: z.boolean(),
			exitCode: whole.nullable(),
			/** Whether the engine saw a process of it killed for want of memory. */
			oomKilled: z.boolean(),
			/** How often the engine has started it again by itself. */
			restarts: whole,
			startedAt: moment.nullable(),
			finishedAt: moment.nullable(),
			error: text(500),
			/** Processes of it that were killed for want of memory since it started last; null where that cannot be read. */
			oomKills: whole.nullable(),
			lastLines: z.array(text(500)).max(10),
		})
		.nullable(),
});

export type ContainerState = z.output<typeof schema>;

/** What the script printed, or undefined where it is none: what comes from a machine may be anything. */
export const parseContainerState = (line: string): ContainerState | undefined => readJsonLine(line, schema);

const megabyte = 1000 * 1000;
/** Below this, programs begin to fail. */
const fullBelow = 20 * megabyte;

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)}GB`;

/** What is wrong with the container's memory and disk, as sentences with the next step; empty where nothing is. */
export function explainState({container, disks, kernelKills}: ContainerState): string[] {
	const found: string[] = [];
	const since = container?.startedAt ?? 0;
	const kills = (kernelKills ?? []).filter(({at}) => at >= since - 1);
	if (container?.oomKilled || (container?.oomKills ?? 0) > 0) {
		const last = kills.at(-1);
		const what = last ? `: ${last.process}${last.memory === null ? '' : ` with ${gigabytes(last.memory)}`}` : '';
		found.push(
			`The machine ran out of memory, and a process was killed${what}. Ask for more with \`memory:\` under \`resources:\`.`,
		);
	}

	const full = disks.find(({free, total, freeFiles}) => total > 0 && (free < fullBelow || freeFiles === 0));
	if (full) {
		found.push(
			full.free < fullBelow
				? `The disk is full: ${Math.round(full.free / megabyte)}MB of ${gigabytes(full.total)} are free in ${full.path}. Remove what is not needed, or ask for a larger one with \`disk:\` under \`resources:\`.`
				: `The disk holds no more files (${full.path} has no free inodes). Remove some.`,
		);
	}

	if (container && !container.running) {
		const last = container.lastLines.at(-1);
		found.push(
			`The environment's container has ended with exit code ${container.exitCode ?? 'unknown'}${container.error || last ? `: ${container.error || last}` : ''}.`,
		);
	} else if (container && (container.restarting || container.restarts > 0)) {
		found.push(`The environment's container was started again ${container.restarts} times by the engine.`);
	}

	return found;
}
