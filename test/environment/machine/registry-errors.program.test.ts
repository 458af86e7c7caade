import {execFileSync} from 'node:child_process';
import {describe, expect, test} from 'vitest';
import {engineClient} from '../../../source/environment/machine/engine-client.js';
import {registryErrors} from '../../../source/environment/machine/registry-errors.js';
import {hasCommand} from '../../support/program.js';

const explain = (message: string, reference: string, hasLogin = false, pushing = false): string[] => {
	const code = `${engineClient}\n${registryErrors}\nprint(json.dumps([kind_of(given[0])] + list(explain(*given))))`;
	const said = execFileSync('python3', ['-I', '-c', code, JSON.stringify([message, reference, hasLogin, pushing])], {
		encoding: 'utf8',
	});
	return JSON.parse(said) as string[];
};

const hasPython = hasCommand('python3');
if (!hasPython) {
	console.warn("Registries' words: skipped, missing: python3");
}

const amazon = '123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/app:key';

/** Words of engines and registries that cannot be had here. */
describe.skipIf(!hasPython)("what a registry's words mean", () => {
	test.each([
		['write /var/lib/docker/tmp/GetImageBlob123: no space left on device', 'disk'],
		['toomanyrequests: You have reached your unauthenticated pull rate limit.', 'rate'],
		[
			'failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/: 429 Too Many Requests',
			'rate',
		],
		['Get "https://10.0.0.1:5000/v2/": http: server gave HTTP response to HTTPS client', 'plain'],
		['Get "https://ghcr.io/v2/": net/http: TLS handshake timeout', 'network'],
		[
			'Get "https://r.example/v2/": tls: failed to verify certificate: x509: certificate signed by unknown authority',
			'certificate',
		],
		['no matching manifest for linux/arm64/v8 in the manifest list entries', 'architecture'],
		['no match for platform in manifest: not found', 'architecture'],
		[
			'image with reference x was found but its platform (linux/arm64) does not match the specified platform (linux/amd64)',
			'architecture',
		],
		['manifest for ubuntu:nothing not found: manifest unknown: manifest unknown', 'tag'],
		['failed to resolve reference "docker.io/library/ubuntu:nothing": docker.io/library/ubuntu:nothing: not found', 'tag'],
		[
			"pull access denied for nobody/nothing, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
			'refused',
		],
		[
			'failed to authorize: failed to fetch oauth token: unexpected status from GET request to https://auth.docker.io/token: 401 Unauthorized',
			'refused',
		],
		['no basic auth credentials', 'refused'],
		['unauthorized: authentication required', 'refused'],
		['denied: Your authorization token has expired. Reauthenticate and try again.', 'expired'],
		[
			"tag invalid: The image tag 'key' already exists in the 'team/app' repository and cannot be overwritten because the repository is immutable.",
			'immutable',
		],
		["name unknown: The repository with name 'team/app' does not exist in the registry with id '123456789012'", 'repository'],
		['received unexpected HTTP status: 503 Service Unavailable', 'network'],
		['Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: no such host', 'network'],
		['unexpected EOF', 'network'],
		['error parsing HTTP 413 response body: 413 Request Entity Too Large', 'size'],
		['something else', 'other'],
	])('%s', (message, kind) => {
		expect(explain(message, 'r.example/team/app:1')[0]).toBe(kind);
	});

	test('for Amazon there is the command that makes the repository', () => {
		const [, reason, next] = explain(
			"name unknown: The repository with name 'team/app' does not exist in the registry with id '123456789012'",
			amazon,
			true,
			true,
		);
		expect(reason).toBe('the registry 123456789012.dkr.ecr.eu-west-1.amazonaws.com has no repository team/app');
		expect(next).toBe('Create it: `aws ecr create-repository --region eu-west-1 --repository-name team/app`.');
	});

	test('names without a registry are of Docker Hub', () => {
		expect(explain('manifest unknown', 'ubuntu:nothing')[1]).toBe('the registry docker.io has no tag nothing of ubuntu');
		expect(explain('manifest unknown', 'someone/app@sha256:00')[1]).toBe(
			'the registry docker.io has no digest sha256:00 of someone/app',
		);
		expect(explain('denied', 'localhost/app')[1]).toBe(
			'the registry localhost asks for a login to pull app, or there is no such image',
		);
	});
});
