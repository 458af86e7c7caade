/**
Python: what a registry's or the engine's words mean. `kind_of` names it, `explain` makes a reason and a next step of it. The words are
those of the engine's own store (20.10 and newer) and of containerd's.
*/
export const registryErrors = String.raw`
kinds = (
    ('disk', r'no space left on device|disk quota exceeded|507 insufficient storage|quota.*exceeded|exceed.*quota'),
    ('rate', r'toomanyrequests|too many requests|rate limit'),
    ('plain', r'server gave HTTP response to HTTPS client'),
    ('network', r'handshake timeout'),
    ('certificate', r'x509:|certificate|tls: |client sent an HTTP request to an HTTPS server'),
    ('architecture', r'no matching manifest|no match for platform|match the specified platform|cannot be used on this platform'),
    ('immutable', r'immutable'),
    ('expired', r'token has expired'),
    ('repository', r'name unknown|name_unknown|repository name not known|repository .* (not found|does not exist in the registry)'),
    ('tag', r'manifest unknown|manifest for .* not found|manifest_unknown|failed to resolve reference .*: not found'),
    ('refused', r'unauthorized|authentication required|no basic auth|denied|forbidden|insufficient_scope|authorization failed|\b40[13]\b'),
    ('name', r'invalid reference format|invalid tag|must be lowercase|invalid repository name'),
    ('size', r'413 request entity too large'),
    ('network', r'dial tcp|no such host|connection refused|connection reset|i/o timeout|network is unreachable|no route to host'
     r'|deadline exceeded|client\.timeout|request canceled|\beof\b|broken pipe|unexpected http status: 5|\b50[0234]\b|server misbehaving'
     r'|verification failed|blob unknown|blob upload unknown|nothing came for'),
)


def kind_of(message):
    for kind, pattern in kinds:
        if re.search(pattern, message, re.I):
            return kind
    return 'other'


def host_of(reference):
    first, slash, _ = reference.partition('/')
    return first if slash and ('.' in first or ':' in first or first == 'localhost') else 'docker.io'


def path_in(reference):
    name = split_name(reference)[0]
    return name[len(host_of(reference)) + 1:] if name.startswith(host_of(reference) + '/') else name


amazon = re.compile(r'^(\d{12})\.dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com')


def create_repository(reference):
    found = amazon.match(host_of(reference))
    if found:
        return 'Create it: \x60aws ecr create-repository --region %s --repository-name %s\x60.' % (found.group(2), path_in(reference))
    return 'Create the repository %s in the registry %s first.' % (path_in(reference), host_of(reference))


def refusal(reference, has_login, pushing):
    host, login = host_of(reference), '\x60registry_auth\x60'
    if has_login:
        said = 'does not let this login %s' % ('push to' if pushing else 'pull')
        right = ('that it may write there (GHCR: a token with write:packages)' if pushing else 'the name of the image')
        return ('the registry %s %s %s' % (host, said, path_in(reference)), 'Check the login (%s), and %s.' % (login, right))
    if pushing:
        return ('the registry %s asks for a login to push %s' % (host, path_in(reference)), 'Log in to it with \x60docker login %s\x60.' % host)
    return ('the registry %s asks for a login to pull %s, or there is no such image' % (host, path_in(reference)),
            'Give the login in %s, and check the name of the image.' % login)


def explain(message, reference, has_login, pushing):
    host, kind = host_of(reference), kind_of(message)
    if kind == 'rate':
        more = 'Wait, or set a mirror in the settings' if has_login else 'Log in with \x60registry_auth\x60, wait, or set a mirror in the settings'
        return 'the registry %s has had too many requests from this address or login (rate limit)' % host, more + '.'
    if kind == 'plain':
        return ('the registry %s speaks plain http, and https is asked for' % host,
                'Use one with https, or list %s as an insecure registry in the settings.' % host)
    if kind == 'certificate':
        return ('the TLS certificate of the registry %s is not trusted here: %s' % (host, message),
                'Use a certificate that the machine trusts, or list %s as an insecure registry in the settings.' % host)
    if kind == 'immutable':
        return ('the registry %s keeps tags as they are: %s' % (host, message), 'Delete that tag there, or allow tags of this repository to move.')
    if kind == 'expired':
        return 'the login to the registry %s has expired' % host, 'Log in anew, then try again.'
    if kind == 'repository':
        if pushing:
            return 'the registry %s has no repository %s' % (host, path_in(reference)), create_repository(reference)
        return 'the registry %s has no image %s' % (host, path_in(reference)), 'Check the name in \x60image:\x60.'
    if kind == 'tag':
        tag = split_name(reference)[1]
        return ('the registry %s has no %s %s of %s' % (host, 'digest' if ':' in tag else 'tag', tag, path_in(reference)),
                'Check the name and the tag in \x60image:\x60.')
    if kind == 'refused':
        return refusal(reference, has_login, pushing)
    if kind == 'name':
        return '%s is no name of an image: %s' % (reference, message), 'Check the name.'
    if kind == 'size':
        return ('the registry %s takes no layer of this size: %s' % (host, message), 'Raise its limit (or that of the proxy before it).')
    if kind == 'network':
        return ('the registry %s cannot be reached: %s' % (host, message),
                'Check its name and whether the machine may reach it (network, proxy), then try again.')
    return 'the engine could not %s %s: %s' % ('push' if pushing else 'pull', reference, message), 'Try again.'
`;
