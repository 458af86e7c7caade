/** Python: pull and push with a login, progress in bytes over all layers, and new tries where the network failed. */
export const transfer = String.raw`
import threading


# The login, read once and removed before anything else; whether there was to be one that is gone.
def take_login(place):
    if not place:
        return None, False
    try:
        with open(place, encoding='utf-8') as file:
            text = file.read()
    except FileNotFoundError:
        return None, True
    os.unlink(place)
    try:
        login = json.loads(text)
        return {key: login[key] for key in ('username', 'password', 'identitytoken', 'registrytoken', 'serveraddress') if key in login}, False
    except (ValueError, TypeError):
        fail('the file with the login is no JSON object')


def login_header(login):
    return {'X-Registry-Auth': base64.urlsafe_b64encode(json.dumps(login or {}).encode()).decode()}


hidden = ('Waiting', 'Preparing', 'Verifying Checksum', 'Unavailable')
present = ('Already exists', 'Layer already exists')


# Bytes over all layers. First those that come or go, then those that are unpacked: one after the other, as a person waits for them.
class Transfer:
    def __init__(self, verb, sizes):
        self.verb = verb
        self.sizes = sizes
        self.layers = {}
        self.lock = threading.Lock()
        self.changed = False
        self.over = threading.Event()
        threading.Thread(target=self.write_on, daemon=True).start()

    def take(self, event):
        with self.lock:
            self.changed = True
            self.take_one(event)

    def take_one(self, event):
        name, status, detail = event.get('id'), one_line(event.get('status', '')), event.get('progressDetail') or {}
        if not name or not re.match('^[0-9a-f]{12}$', name) or status.startswith('Pulling from'):
            if status:
                say(status if not name else '%s: %s' % (name, status))
            return
        layer = self.layers.setdefault(name, {'done': 0, 'total': self.sizes.get(name, 0), 'unpacked': 0, 'status': '', 'known': name in self.sizes})
        self.count(layer, status, detail)
        status = re.sub(r'^Retrying in .*', 'Retrying', status)
        if status != layer['status']:
            layer['status'] = status
            if status not in hidden:
                total = ' ' + size(layer['total']) if status in ('Downloading', 'Pushing') and layer['total'] else ''
                say('%s: %s%s' % (name, status, total))

    def count(self, layer, status, detail):
        current, total = detail.get('current') or 0, detail.get('total') or 0
        if status in ('Downloading', 'Pushing'):
            if total > 0:
                layer['total'] = total
                layer['known'] = True
            layer['done'] = min(current, layer['total'] or current)
        elif status == 'Extracting':
            layer['done'] = layer['total']
            layer['unpacked'] = min(current, layer['total'] or current)
        elif status in ('Verifying Checksum', 'Download complete', 'Pull complete', 'Pushed'):
            layer['done'] = layer['total']
            layer['known'] = True
            if status in ('Pull complete', 'Pushed'):
                layer['unpacked'] = layer['total']
        elif status in present or status.startswith('Mounted from'):
            layer.update(done=0, total=0, unpacked=0, known=True)

    def totals(self):
        layers = list(self.layers.values())
        return [sum(layer[key] for layer in layers) for key in ('done', 'total', 'unpacked')]

    # Twice a second at most, and also what came last before a silence.
    def write_on(self):
        while not self.over.wait(0.5):
            self.write()

    def close(self):
        self.over.set()
        self.write()

    def write(self):
        with self.lock:
            if self.changed:
                self.changed = False
                self.tell()

    def tell(self):
        layers = list(self.layers.values())
        done, total, unpacked = self.totals()
        complete = [layer for layer in layers if layer['status'] in present + ('Pull complete', 'Pushed') or layer['status'].startswith('Mounted')]
        text = '%d of %d layers' % (len(complete), len(layers))
        if self.verb == 'pull' and done == total and all(layer['known'] for layer in layers) and len(complete) < len(layers):
            keep('progress', '%d %d %s' % (unpacked, total, 'unpacking, ' + text))
        else:
            # Without the sizes of all, a total would jump.
            keep('progress', '%d %d %s' % (done, total if all(layer['known'] for layer in layers) else 0, text))


def run_transfer(progress, path, query, headers, limit):
    digest = None
    try:
        for event in events(ask('POST', path, query, None, headers, limit)):
            digest = (event.get('aux') or {}).get('Digest', digest) if isinstance(event.get('aux'), dict) else digest
            progress.take(event)
    except Lost as error:
        raise Lost('nothing came for %d s' % limit if 'timed out' in str(error) else str(error))
    finally:
        progress.close()
    return digest


# What a bad moment of the network or a restart of the engine ended is tried again; layers that are whole are kept by the engine.
def persist(work):
    for delay in (2, 6, 15, None):
        try:
            return work()
        except (Refused, Lost) as error:
            if delay is None or isinstance(error, Refused) and kind_of(error.message) != 'network':
                raise
            say('%s; trying again in %d s' % (error, delay))
            time.sleep(delay)


def pull(reference, login, sizes):
    name, tag = split_name(reference)
    headers = login_header(login) if login else {}

    def once():
        # Many layers at first have no size yet, those that are told later would make the total jump.
        progress = Transfer('pull', sizes)
        try:
            run_transfer(progress, '/images/create', {'fromImage': name, 'tag': tag}, headers, 300)
        finally:
            pull.packed = progress.totals()[1]

    pull.packed = sum(sizes.values())
    persist(once)


def push(reference, login):
    name, tag = split_name(reference)
    return persist(lambda: run_transfer(Transfer('push', {}), '/images/' + quote(name, safe='/:') + '/push', {'tag': tag}, login_header(login), 600))


# For failures of a pull or push: ends the step.
def give_up(error, reference, login, pushing, free_before):
    if kind_of(error.message) == 'disk':
        place, free = engine_disk()
        if pushing and free > 100 * 1000 * 1000:
            fail('the registry %s has no space left: %s' % (host_of(reference), error.message), 'Delete images there that nobody needs, or give it more space.')
        packed = 0 if pushing else pull.packed
        needed = '; its layers are %s packed, and more than that unpacked' % size(packed) if packed else ''
        fail('the disk is full: %s were free in %s before%s' % (size(free_before), place, needed), full_disk if pushing else full_disk + ' A smaller image helps too.')
    fail(*explain(error.message, reference, bool(login), pushing))


login_gone = 'the login for the registry is not on the machine any more'
`;
