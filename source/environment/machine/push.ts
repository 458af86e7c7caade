import {engineClient} from './engine-client.js';
import {programScript} from './program.js';
import {registryErrors} from './registry-errors.js';
import {transfer} from './transfer.js';

export type PushOptions = {
	readonly reference: string;
	/** As in `ImageOptions`. */
	readonly authFile?: string | undefined;
};

/** Python: `upload(reference, login, gone)`, which ends the step where the registry does not take the image. */
export const uploadPart = String.raw`
def upload(reference, login, gone):
    if gone:
        fail(login_gone, 'Try again.')
    found = find(image_path(reference, 'json'))
    if not found:
        fail('there is no image %s to push' % reference)
    free = engine_disk()[1]
    say('Pushing %s' % reference)
    try:
        digest = push(reference, login)
    except Refused as error:
        give_up(error, reference, login, True, free)
    say('Pushed %s%s' % (reference, ' as ' + digest if digest else ''))
`;

const main = String.raw`
def main():
    login, gone = take_login(given.get('authFile'))
    begin()
    upload(given['reference'], login, gone)


perform(main)
`;

/** Pushes an image of the machine's engine; layers that the registry has are not sent again. Ends with a line with its digest. */
export const pushScript = ({reference, authFile}: PushOptions): string =>
	programScript({parts: [engineClient, registryErrors, transfer, uploadPart, main], given: {reference, authFile}, authFile});
