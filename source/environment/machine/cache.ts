import {programScript} from './program.js';
import {pullParts} from './image.js';
import {uploadPart} from './push.js';

export type CacheOptions = {
	readonly container: string;
	/** Absolute paths in the container. */
	readonly paths: readonly string[];
	/** The image in the registry that they are kept as. */
	readonly reference: string;
	/** As in `ImageOptions`. */
	readonly authFile?: string | undefined;
};

const common = String.raw`
import posixpath, tarfile

container = given['container']
paths = sorted({posixpath.normpath(path) for path in given['paths']})


# Of a path in a container, links followed: what the engine says of it, or None.
def stat_in(name, path):
    try:
        answer = ask('HEAD', container_path(name, 'archive'), {'path': path})
    except Refused as error:
        if error.status == 404:
            return None
        raise
    return json.loads(base64.b64decode(answer.getheader('X-Docker-Container-Path-Stat')).decode())


def archive_of(name, path):
    return ask('GET', container_path(name, 'archive'), {'path': path}, None, None, 600)


def need_container():
    if not find(container_path(container, 'json')):
        fail('there is no container %s' % container, 'Try again.')
`;

const saveMain = String.raw`
# The engine names a path's files from its last part on; in the image they lie where they did.
def renamed(entry, path):
    parent = posixpath.dirname(path).strip('/')
    for key in ('path', 'linkpath'):
        entry.pax_headers.pop(key, None)
    entry.name = posixpath.join(parent, entry.name)
    if entry.islnk():
        entry.linkname = posixpath.join(parent, entry.linkname)
    return entry


def copy(path, out, upload):
    with tarfile.open(fileobj=archive_of(container, path), mode='r|', bufsize=1 << 20) as archive:
        for entry in archive:
            # Sockets are not in it, and devices are none of a cache.
            if entry.isfile() or entry.isdir() or entry.issym() or entry.islnk() or entry.isfifo():
                content = archive.extractfile(entry) if entry.isfile() else None
                out.addfile(renamed(entry, path), content)
            if time.monotonic() - copy.told > 0.5:
                copy.told = time.monotonic()
                keep('progress', '%d 0 packing %s' % (upload.sent, path))


copy.told = 0


def main():
    login, gone = take_login(given.get('authFile'))
    begin()
    need_container()
    present = [path for path in paths if stat_in(container, path)]
    for path in paths:
        if path not in present:
            say('%s is not there' % path)
    if not present:
        say('Nothing to keep')
        return
    if gone:
        fail(login_gone, 'Try again.')
    reference = given['reference']
    name, tag = split_name(reference)
    upload_ = Upload('POST', '/images/create', {'fromSrc': '-', 'repo': name, 'tag': tag, 'message': 'kept paths'})
    with tarfile.open(fileobj=upload_, mode='w|', bufsize=1 << 20, format=tarfile.PAX_FORMAT) as out:
        for path in present:
            say('Packing %s' % path)
            copy(path, out, upload_)
    for _ in events(upload_.finish()):
        pass
    say('Packed %s' % size(upload_.sent))
    upload(reference, login, gone)
    # The registry has it now, and the disk may be small.
    call('DELETE', '/images/' + quote(whole_name(reference), safe='/:@'))


perform(main)
`;

const restoreMain = String.raw`
import io

label = 'dstack-tui.cache-of'
helper = container + '-cache'


# Folders above a path that the container does not have: owned as the path is.
def make_parents(path, entry):
    missing = []
    parent = posixpath.dirname(path)
    while parent != '/' and not stat_in(container, parent):
        missing.insert(0, parent)
        parent = posixpath.dirname(parent)
    if not missing:
        return
    text = io.BytesIO()
    with tarfile.open(fileobj=text, mode='w') as out:
        for each in missing:
            folder_ = tarfile.TarInfo(posixpath.relpath(each, parent))
            folder_.type, folder_.mode, folder_.uid, folder_.gid, folder_.mtime = tarfile.DIRTYPE, 0o755, entry.uid, entry.gid, int(time.time())
            out.addfile(folder_)
    put(parent, [text.getvalue()])


def put(place, pieces):
    body = Upload('PUT', container_path(container, 'archive'), {'path': place})
    for piece in pieces:
        body.write(piece)
        if time.monotonic() - put.told > 0.5:
            put.told = time.monotonic()
            keep('progress', '%d 0 unpacking' % body.sent)
    body.finish().read()
    return body.sent


put.told = 0


def first_entry(path):
    with tarfile.open(fileobj=archive_of(helper, path), mode='r|') as archive:
        return archive.next()


def remove_helper():
    found = find(container_path(helper, 'json'))
    if found and label in (found['Config'].get('Labels') or {}):
        call('DELETE', '/containers/' + quote(found['Id']), {'force': '1', 'v': '1'})


def restore(path):
    if not stat_in(helper, path):
        say('%s was not kept' % path)
        return
    make_parents(path, first_entry(path))
    answer = archive_of(helper, path)
    count = put(posixpath.dirname(path), iter(lambda: answer.read(1 << 20), b''))
    say('Unpacked %s (%s)' % (path, size(count)))


def main():
    login, gone = take_login(given.get('authFile'))
    begin()
    need_container()
    reference = given['reference']
    found = find(image_path(reference, 'json'))
    if not found:
        if gone:
            fail(login_gone, 'Try again.')
        free = engine_disk()[1]
        say('Pulling %s' % reference)
        try:
            pull(reference, login, {})
        except Refused as error:
            if kind_of(error.message) in ('tag', 'repository') or not_there(error, login):
                say('Nothing kept yet')
                return
            give_up(error, reference, login, False, free)
    remove_helper()
    call('POST', '/containers/create', {'name': helper}, {'Image': whole_name(reference), 'Cmd': ['/none'], 'Labels': {label: container}})
    for path in paths:
        restore(path)
    remove_helper()
    call('DELETE', '/images/' + quote(whole_name(reference), safe='/:@'))


# Docker Hub says of a repository that nobody has pushed to what it says of one that is not this login's.
def not_there(error, login):
    return login is not None and 'repository does not exist' in error.message


perform(main)
`;

/** Packs the paths that are there into one image, streamed, and pushes it. Nothing to keep is no failure. */
export const cacheSaveScript = ({container, paths, reference, authFile}: CacheOptions): string =>
	programScript({
		parts: [...pullParts, uploadPart, common, saveMain],
		given: {container, paths, reference, authFile},
		authFile,
	});

/**
Unpacks what was kept at the same paths, owners and times as they were; for a fresh container: a file that is there already is replaced.
That nothing was kept yet is no failure.
*/
export const cacheRestoreScript = ({container, paths, reference, authFile}: CacheOptions): string =>
	programScript({parts: [...pullParts, common, restoreMain], given: {container, paths, reference, authFile}, authFile});
