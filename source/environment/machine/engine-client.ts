/**
Python: a client of the Docker engine's HTTP API over its socket (that of `DOCKER_HOST`, where it names one), and what a step says about itself. Errors are `Refused` (the engine's
answer, with its status and words) and `Lost` (no answer). `fail` ends the step with its reason as the last line.
*/
export const engineClient = String.raw`import base64, errno, fcntl, http.client, json, os, re, socket, sys, time
from urllib.parse import quote, urlencode

given = json.loads(sys.argv[1])
folder = os.environ.get('STEP_FOLDER', '')
named = os.environ.get('DOCKER_HOST', '')
engine_socket = named[7:] if named.startswith('unix://') else '/var/run/docker.sock'


class Refused(Exception):
    def __init__(self, status, message):
        Exception.__init__(self, message)
        self.status = status
        self.message = message


class Lost(Exception):
    pass


def one_line(text):
    return ' '.join(re.sub('[\x00-\x1f\x7f-\x9f]', ' ', str(text)).split())


# The log may lie on the disk that is full. What the engine could not finish it clears away, so a reason can wait for that.
def say(text, patience=0):
    line = (one_line(text) + '\n').encode('utf-8', 'replace')
    while line:
        try:
            line = line[os.write(1, line):]
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            if patience <= 0:
                return
            patience -= 1
            time.sleep(1)


# Whole or not at all; a full disk keeps no progress, and no next step.
def keep(name, text):
    if not folder:
        return
    place = os.path.join(folder, name)
    try:
        with open(place + '.new', 'w', encoding='utf-8') as file:
            file.write(one_line(text) + '\n')
        os.replace(place + '.new', place)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise


def forget(name):
    try:
        os.unlink(os.path.join(folder, name))
    except FileNotFoundError:
        pass


def fail(reason, next_step=''):
    if next_step:
        keep('next', next_step)
    say(reason, 30)
    sys.exit(1)


lock = None


# A step that is started again after its runner was killed may find its first program still at work.
def begin():
    global lock
    if not folder:
        return
    lock = open(os.path.join(folder, 'lock'), 'a')
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        say('An earlier try is still at work; waiting for it')
        fcntl.flock(lock, fcntl.LOCK_EX)
    forget('next')
    forget('progress')


def size(count):
    for unit in ('B', 'KB', 'MB'):
        if count < 1000:
            return ('%d%s' if unit == 'B' or count >= 100 else '%.1f%s') % (count, unit)
        count /= 1000.0
    return ('%d%s' if count >= 100 else '%.1f%s') % (count, 'GB')


class Connection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(engine_socket)


silent = (OSError, http.client.HTTPException)


def lost(error):
    return Lost(one_line(error) or type(error).__name__)


def answer_of(connection):
    response = connection.getresponse()
    if response.status < 400:
        return response
    text = response.read().decode('utf-8', 'replace')
    try:
        text = json.loads(text)['message']
    except (ValueError, KeyError, TypeError):
        pass
    raise Refused(response.status, one_line(text))


def target(path, query):
    return path + ('?' + urlencode(query) if query else '')


# The answer, still to be read. No version in the path: the engine speaks its newest.
def ask(method, path, query=None, body=None, headers=None, limit=120):
    sent = dict(headers or {})
    data = None
    if body is not None:
        data = json.dumps(body).encode()
        sent['Content-Type'] = 'application/json'
    try:
        connection = Connection('localhost', timeout=limit)
        connection.request(method, target(path, query), data, sent)
        return answer_of(connection)
    except silent as error:
        raise lost(error)


def call(method, path, query=None, body=None, headers=None, limit=120):
    try:
        text = ask(method, path, query, body, headers, limit).read().decode('utf-8', 'replace')
    except silent as error:
        raise lost(error)
    return json.loads(text) if text.strip() else None


# The same, or None where there is no such thing.
def find(path):
    try:
        return call('GET', path)
    except Refused as error:
        if error.status == 404:
            return None
        raise


# The objects that the engine tells one after another. What it tells of an error is one.
def events(response):
    try:
        for line in response:
            if not line.strip():
                continue
            event = json.loads(line.decode('utf-8', 'replace'))
            if event.get('error'):
                raise Refused(0, one_line(event['error']))
            yield event
    except silent as error:
        raise lost(error)


# A body that comes piece by piece, with no copy of it anywhere.
class Upload:
    def __init__(self, method, path, query, limit=600):
        self.connection = Connection('localhost', timeout=limit)
        self.sent = 0
        try:
            self.connection.putrequest(method, target(path, query))
            self.connection.putheader('Content-Type', 'application/x-tar')
            self.connection.putheader('Transfer-Encoding', 'chunked')
            self.connection.endheaders()
        except silent as error:
            raise lost(error)

    def write(self, piece):
        if piece:
            try:
                self.connection.send(b'%x\r\n' % len(piece) + piece + b'\r\n')
            except silent as error:
                self.end_early(error)
            self.sent += len(piece)
        return len(piece)

    # The engine closes when it has refused; what it said then is the reason.
    def end_early(self, error):
        try:
            answer_of(self.connection)
        except silent:
            pass
        raise lost(error)

    def finish(self):
        try:
            self.connection.send(b'0\r\n\r\n')
            return answer_of(self.connection)
        except silent as error:
            raise lost(error)


def split_name(reference):
    name, _, digest = reference.partition('@')
    tag = ''
    if name.rfind(':') > name.rfind('/'):
        name, _, tag = name.rpartition(':')
    return name, digest or tag or 'latest'


def whole_name(reference):
    name, tag = split_name(reference)
    return name + ('@' if ':' in tag else ':') + tag


def image_path(reference, verb):
    return '/images/' + quote(whole_name(reference), safe='/:@') + '/' + verb


def container_path(name, verb):
    return '/containers/' + quote(name, safe='') + '/' + verb


# Of the disk that the engine keeps images and containers on: path, free bytes.
def engine_disk():
    info = call('GET', '/info')
    place = info.get('DockerRootDir') or '/var/lib/docker'
    if 'io.containerd.snapshotter' in json.dumps(info.get('DriverStatus') or []) and os.path.isdir('/var/lib/containerd'):
        place = '/var/lib/containerd'
    found = os.statvfs(place if os.path.isdir(place) else '/')
    return place, found.f_bavail * found.f_frsize


# The last lines that the container's first process wrote, newest last.
def last_lines(name, count=20):
    query = {'stdout': '1', 'stderr': '1', 'tail': str(count)}
    try:
        data = ask('GET', container_path(name, 'logs'), query).read()
    except silent as error:
        raise lost(error)
    except Refused as error:
        return ['(its log cannot be read: %s)' % error.message]
    text = b''
    while len(data) >= 8 and data[0] in (0, 1, 2) and data[1:4] == b'\0\0\0':
        length = int.from_bytes(data[4:8], 'big')
        text += data[8:8 + length]
        data = data[8 + length:]
    lines = (text + data).decode('utf-8', 'replace').split('\n')
    return [one_line(line)[:500] for line in lines if line.strip()][-count:]


full_disk = 'Ask for a larger disk with \x60disk:\x60 under \x60resources:\x60, or free some space on the machine.'


def perform(work):
    try:
        work()
    except Lost as error:
        fail('the Docker engine does not answer: %s' % error, 'Look at \x60journalctl -u docker\x60 on the machine, then try again.')
    except Refused as error:
        if 'no space left on device' in error.message:
            place, free = engine_disk()
            fail('the disk is full: %s are free in %s (%s)' % (size(free), place, error.message), full_disk)
        fail('the Docker engine refused: %s' % error.message)
    except OSError as error:
        fail(str(error), full_disk if error.errno == errno.ENOSPC else '')
`;
