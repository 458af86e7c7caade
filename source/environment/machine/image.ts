import type {Offer} from '../../offers/offer.js';
import {engineClient} from './engine-client.js';
import {programScript} from './program.js';
import {registryErrors} from './registry-errors.js';
import {transfer} from './transfer.js';

export type ImageOptions = {
	/** With or without a tag or digest; without, `latest`. */
	readonly reference: string;
	/** The offer's. The image is compared with what the machine says that it is; where both differ, that is reported. */
	readonly architecture: Offer['architecture'];
	/**
	Absolute path of a file on a tmpfs, mode 0600, with `{"username", "password", "serveraddress"}`, put there before each start. The script
	removes it before anything else.
	*/
	readonly authFile?: string | undefined;
	/** Its layers as the registry's manifest has them (digest, packed bytes), where they are known: the total is right from the start. */
	readonly layers?: ReadonlyArray<{readonly digest: string; readonly size: number}> | undefined;
};

const pullPart = String.raw`
architectures = {'x86_64': 'amd64', 'aarch64': 'arm64', 'arm64': 'arm64'}
common_names = {'amd64': 'x86_64'}


def here():
    return architectures.get(os.uname().machine, os.uname().machine)


def common(names):
    return ' and '.join(sorted(common_names.get(name, name) for name in names)) or 'another architecture'


def wrong_architecture(reference, names):
    machine = common([here()])
    fail('the image %s is for %s, the machine is %s' % (reference, common(names), machine),
         'Choose an image that is built for %s too, or an offer whose processor fits.' % machine)


# What the registry has it for, as far as it says so.
def platforms(reference, login):
    try:
        found = call('GET', '/distribution/' + quote(whole_name(reference), safe='/:@') + '/json', None, None, login_header(login))
    except (Refused, Lost):
        return []
    return {each.get('architecture', '') for each in found.get('Platforms') or []} - {'', 'unknown'}


def check_architecture(reference, found):
    architecture = found.get('Architecture') or here()
    if architecture != here():
        wrong_architecture(reference, [architecture])


def check_room(reference, sizes, free):
    packed = sum(sizes.values())
    if packed > free:
        fail('the disk is too small: %s are free, the layers of %s are %s packed, and more than that unpacked'
             % (size(free), reference, size(packed)), full_disk + ' A smaller image helps too.')


# Pulls it unless it is there; what the engine then knows of it.
def obtain(reference, login, gone, sizes):
    try:
        found = find(image_path(reference, 'json'))
    except Refused as error:
        fail(*explain(error.message, reference, bool(login), False))
    if found:
        say('%s is here already' % reference)
        return found
    if gone:
        fail(login_gone, 'Try again.')
    free = engine_disk()[1]
    check_room(reference, sizes, free)
    say('Pulling %s' % reference)
    try:
        pull(reference, login, sizes)
    except Refused as error:
        if kind_of(error.message) == 'architecture':
            wrong_architecture(reference, platforms(reference, login))
        give_up(error, reference, login, False, free)
    found = find(image_path(reference, 'json'))
    if not found:
        fail('%s is not here though it was pulled' % reference, 'Try again.')
    return found
`;

const main = String.raw`
def main():
    login, gone = take_login(given.get('authFile'))
    begin()
    offered = architectures.get(given['architecture'])
    if offered and offered != here():
        say('The offer said %s, the machine is %s' % (given['architecture'], common([here()])))
    sizes = {each['digest'].split(':')[-1][:12]: each['size'] for each in given['layers']}
    found = obtain(given['reference'], login, gone, sizes)
    check_architecture(given['reference'], found)
    say('%s: %s on the disk' % (given['reference'], size(found.get('Size') or 0)))


perform(main)
`;

/** Python: everything that gets an image onto the machine, without a last part that runs. */
export const pullParts: readonly string[] = [engineClient, registryErrors, transfer, pullPart];

/** Gets an image onto the machine: nothing to do where it is there. Bytes go to the step's progress, what happens to layers to its log. */
export const imageScript = ({reference, architecture, authFile, layers = []}: ImageOptions): string =>
	programScript({parts: [...pullParts, main], given: {reference, architecture, authFile, layers}, authFile});
