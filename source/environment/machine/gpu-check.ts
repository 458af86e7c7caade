import {programScript} from './program.js';
import {engineClient} from './engine-client.js';

export type GpuCheckOptions = {
	readonly container: string;
	/** As the offer has it: `A100`, 8. Of a part of one card, one is to be seen. */
	readonly expected: {readonly name: string; readonly count: number};
};

const main = String.raw`
import subprocess

container, expected = given['container'], given['expected']
query = ['nvidia-smi', '--query-gpu=name,driver_version', '--format=csv,noheader']
restart = 'Run \x60docker restart %s\x60 on the machine.' % container


def run(command):
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
    except FileNotFoundError:
        return 127, ''
    except subprocess.TimeoutExpired:
        return 124, 'no answer in 120 s'
    return done.returncode, done.stdout.decode('utf-8', 'replace')


def parse(text):
    return [[each.strip() for each in line.rsplit(',', 1)] for line in text.strip().split('\n') if ',' in line]


# 'NVIDIA A100-SXM4-40GB' is an A100, but no A10; 'NVIDIA GeForce RTX 4090' is an RTX4090.
def is_called(name, wanted):
    words = [word for word in re.split('[^A-Z0-9]+', name.upper()) if word]
    wanted = re.sub('[^A-Z0-9]', '', wanted.upper())
    return any(''.join(words[first:last]) == wanted for first in range(len(words)) for last in range(first + 1, len(words) + 1))


def inside_failed(code, words):
    if 'Failed to initialize NVML' in words:
        if 'version mismatch' in words:
            fail('the GPUs are lost in the container: its driver libraries are not those of the machine\'s driver now (%s)' % words, restart)
        fail('the GPUs are lost in the container (%s): systemd on the machine has reloaded its units, and took the devices away' % words, restart)
    if code in (126, 127):
        fail('there is no nvidia-smi in the container though the machine has GPUs: NVIDIA\'s container toolkit did not put the driver into it',
             'See whether \x60docker info\x60 on the machine lists the runtime nvidia, then make the environment anew.')
    fail('nvidia-smi fails in the container, but not on the machine: %s' % words, restart)


def main():
    begin()
    code, text = run(query)
    host = parse(text)
    if code != 0 or not host:
        fail('nvidia-smi fails on the machine: %s' % (one_line(text)[:300] or 'it is not there'),
             'Choose a machine image with NVIDIA\'s driver in it, or reboot the machine.')
    code, text = run(['docker', 'exec', container] + query)
    inside = parse(text)
    if code != 0 or not inside:
        if 'No such container' in text or 'is not running' in text:
            fail('the container %s does not run' % container, 'Try again.')
        inside_failed(code, one_line(text)[:300] or 'exit code %d' % code)
    for number, (name, driver) in enumerate(inside):
        say('GPU %d: %s, driver %s' % (number, name, driver))
    if len(inside) < len(host):
        fail('the container has %d of the machine\'s %d GPUs' % (len(inside), len(host)),
             'See whether NVIDIA_VISIBLE_DEVICES is set in the image; the container has to get all.')
    if inside[0][1] != host[0][1]:
        fail('the container has driver %s, the machine %s: the driver was changed since the container started' % (inside[0][1], host[0][1]), restart)
    if len(inside) < expected['count']:
        fail('the machine has %d GPUs, the offer said %d' % (len(inside), expected['count']),
             'Look for messages of NVRM in \x60dmesg\x60 on the machine (a card may have failed), or take another offer.')
    others = sorted({name for name, _ in inside if not is_called(name, expected['name'])})
    if others:
        say('Warning: the offer said %s, the GPU calls itself %s' % (expected['name'], ', '.join(others)))


perform(main)
`;

/**
Compares what `nvidia-smi` says in the container, on the machine, and what the offer said. Fewer GPUs, or none that can be used, end it with
the reason; another name is reported as a warning only, for who sells a card may have another name for it.
*/
export const gpuCheckScript = ({container, expected: {name, count}}: GpuCheckOptions): string =>
	programScript({parts: [engineClient, main], given: {container, expected: {name, count: Math.max(1, Math.ceil(count))}}});
