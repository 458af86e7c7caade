import {containerLabels} from './container.js';
import {engineClient} from './engine-client.js';
import {programScript} from './program.js';

export type CommitOptions = {
	readonly container: string;
	/** Its name from now on. */
	readonly reference: string;
	/** What it is known by; an image of this name that has all of them is taken as it is. */
	readonly labels: Readonly<Record<string, string>>;
	/** What the container was made from: its configuration is the new image's. */
	readonly baseImage: string;
};

const main = String.raw`
# The engine fills what is left out with the container's own, so each has to be said; a label can only be emptied.
def config_of(base, labels):
    kept = {key: value for key, value in base.items() if value is not None and key not in ('Hostname', 'Domainname', 'Image')}
    own = dict.fromkeys(given['emptied'], '')
    own.update(base.get('Labels') or {})
    own.update(labels)
    kept.update(Entrypoint=base.get('Entrypoint') or [], Cmd=base.get('Cmd') or [], WorkingDir=base.get('WorkingDir') or '/', Labels=own)
    return kept


def describe(reference, base):
    found = find(image_path(reference, 'json'))
    whole = found.get('Size') or 0
    say('%s: %s, of which %s are new' % (reference, size(whole), size(max(0, whole - (base.get('Size') or 0)))))


def main():
    begin()
    reference, labels = given['reference'], given['labels']
    base = find(image_path(given['baseImage'], 'json'))
    if not base:
        fail('the base image %s is not on the machine' % given['baseImage'])
    found = find(image_path(reference, 'json'))
    has = (found['Config'].get('Labels') or {}) if found else {}
    if found and all(has.get(key) == value for key, value in labels.items()):
        say('%s is here already' % reference)
        describe(reference, base)
        return
    say('Keeping what the build made as %s' % reference)
    name, tag = split_name(reference)
    try:
        call('POST', '/commit', {'container': given['container'], 'repo': name, 'tag': tag, 'pause': '0'},
             config_of(base.get('Config') or {}, labels), None, None)
    except Refused as error:
        if error.status == 404:
            fail('there is no container %s to make an image of' % given['container'], 'Try again.')
        raise
    describe(reference, base)


perform(main)
`;

/**
Makes an image of the container's own file system (no mount is in it), configured as its base image is: entry point, command, user, folder,
variables. Ends with a line with its size.
*/
export const commitScript = ({container, reference, labels, baseImage}: CommitOptions): string =>
	programScript({
		parts: [engineClient, main],
		given: {container, reference, labels, baseImage, emptied: Object.values(containerLabels)},
	});
