import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {environmentImage, imageCautions} from '../../../source/agents/container/image-name.js';
import {familiarName, fullName, mirrored, parseMirror, parseReference} from '../../../source/system/image-reference.js';
import {Problem} from '../../../source/system/problem.js';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

describe('references', () => {
	test.each([
		['ubuntu', 'docker.io/library/ubuntu:latest', 'ubuntu:latest'],
		['ubuntu:24.04', 'docker.io/library/ubuntu:24.04', 'ubuntu:24.04'],
		[
			'dstackai/base:py3.11-0.4rc3-cuda-11.8',
			'docker.io/dstackai/base:py3.11-0.4rc3-cuda-11.8',
			'dstackai/base:py3.11-0.4rc3-cuda-11.8',
		],
		['docker.io/ubuntu', 'docker.io/library/ubuntu:latest', 'ubuntu:latest'],
		['index.docker.io/library/ubuntu', 'docker.io/library/ubuntu:latest', 'ubuntu:latest'],
		['localhost/app', 'localhost/app:latest', 'localhost/app:latest'],
		['localhost:5000/team/app:1', 'localhost:5000/team/app:1', 'localhost:5000/team/app:1'],
		['[::1]:5000/app', '[::1]:5000/app:latest', '[::1]:5000/app:latest'],
		['ghcr.io/team/app', 'ghcr.io/team/app:latest', 'ghcr.io/team/app:latest'],
		['Host/app:x', 'Host/app:x', 'Host/app:x'],
		[`ubuntu@${digest}`, `docker.io/library/ubuntu@${digest}`, `ubuntu@${digest}`],
		[`ubuntu:24.04@${digest}`, `docker.io/library/ubuntu:24.04@${digest}`, `ubuntu:24.04@${digest}`],
		['a__b/c-d.e--f:_x', 'docker.io/a__b/c-d.e--f:_x', 'a__b/c-d.e--f:_x'],
	])('%s', (text, full, familiar) => {
		const reference = parseReference(text);
		expect([fullName(reference), familiarName(reference)]).toEqual([full, familiar]);
	});

	test.each([
		['', 'empty'],
		['Ubuntu', 'capital letters'],
		['https://ghcr.io/team/app', 'begins like an address'],
		['team app', 'blank'],
		['app:', 'a tag has'],
		['app:-x', 'a tag has'],
		[`app:${'x'.repeat(129)}`, 'a tag has'],
		['app@sha256:12', 'a digest such as'],
		['ghcr.io//app', 'empty'],
		['ghcr.io/team/', 'empty'],
		['team/_app', 'cannot be a part'],
		['host:99999/app', 'no host'],
		['-host.x/app', 'no host'],
		['a'.repeat(256), 'longer than'],
		['ab'.repeat(32), 'the id of an image'],
		['../../etc/passwd', 'no host'],
	])('%j is refused with words', (text, words) => {
		expect(() => parseReference(text)).toThrow(Problem);
		expect(() => parseReference(text)).toThrow(words);
	});

	const component = fc.stringMatching(/^[a-z0-9]{1,8}(?:(?:[._]|__|-{1,3})[a-z0-9]{1,8}){0,2}$/);
	const registry = fc.oneof(
		fc.constant('docker.io'),
		fc.stringMatching(/^[a-z0-9]{1,8}\.[a-z]{2,3}(?::[1-9]\d{1,3})?$/).filter(host => host !== 'index.docker.io'),
		fc.constantFrom('localhost', 'localhost:5000', '[::1]:5000', '127.0.0.1:80'),
	);
	const reference = fc
		.record({
			registry,
			path: fc.array(component, {minLength: 2, maxLength: 4}),
			tag: fc.stringMatching(/^\w[\w.-]{0,20}$/),
			digest: fc.option(fc.stringMatching(/^[0-9a-f]{64}$/), {nil: undefined}),
		})
		.map(({registry: host, path, tag, digest: hex}) => ({
			registry: host,
			repository: path.join('/'),
			tag,
			digest: hex === undefined ? undefined : `sha256:${hex}`,
		}));

	test('what is written is read back the same, by either name', () => {
		fc.assert(
			fc.property(reference, each => {
				expect(parseReference(fullName(each))).toEqual(each);
				const first = each.repository.split('/')[0] ?? '';
				// In Docker Hub, a repository whose first part looks like a host can only be written with the hub's own.
				fc.pre(each.registry !== 'docker.io' || !(/[.:]/.test(first) || first === 'localhost'));
				expect(parseReference(familiarName(each))).toEqual(each);
			}),
		);
	});

	test('anything else is a problem in words, and nothing of it reaches the terminal', () => {
		fc.assert(
			fc.property(fc.oneof(fc.string({unit: 'binary'}), fc.string()), text => {
				try {
					const read = parseReference(text);
					expect(parseReference(fullName(read))).toEqual(read);
				} catch (error) {
					expect(error).toBeInstanceOf(Problem);
					expect((error as Problem).message).not.toMatch(/[\u0000-\u001F\u007F-\u009F\u202A-\u202E]/);
				}
			}),
			{numRuns: 1000},
		);
	});

	test('a mirror takes the place of Docker Hub alone', () => {
		const through = (name: string, mirror: string) => fullName(mirrored(parseReference(name), mirror));
		expect(through('ubuntu:24.04', 'mirror.example:5000')).toBe('mirror.example:5000/library/ubuntu:24.04');
		expect(through('team/app', 'mirror.example/hub/')).toBe('mirror.example/hub/team/app:latest');
		expect(through(`ubuntu@${digest}`, 'localhost')).toBe(`localhost/library/ubuntu@${digest}`);
		expect(through('ghcr.io/team/app:1', 'mirror.example')).toBe('ghcr.io/team/app:1');
		for (const wrong of ['', 'https://mirror.example', 'mirror example', 'mirror/Path', 'mirror:x']) {
			expect(() => parseMirror(wrong), wrong).toThrow('no mirror of images');
		}
	});
});

describe('the image of an environment', () => {
	const name = (wish: Partial<Parameters<typeof environmentImage>[0]>, preferences = {}, variables = {}) =>
		environmentImage({image: undefined, ...wish}, preferences, variables);

	test('is the one that is named, else one for the wishes', () => {
		expect(name({image: 'debian'})).toBe('debian:latest');
		expect(name({})).toBe('dstackai/base:0.15-base-ubuntu24.04');
		expect(name({python: '3.11', gpus: [{vendor: 'nvidia'}]})).toBe('dstackai/base:0.15-base-ubuntu24.04');
		expect(name({nvcc: true})).toBe('dstackai/base:0.15-devel-ubuntu24.04');
		expect(name({docker: true})).toBe('dstackai/dind:latest');
	});

	test('is the one of the variable before the one of the settings, and of neither where one is named', () => {
		const preferences = {baseImage: 'registry.example/base:1', mirror: 'mirror.example'};
		const variables = {DSTACK_TUI_IMAGE: 'own'};
		expect(name({}, preferences, variables)).toBe('mirror.example/library/own:latest');
		expect(name({}, preferences)).toBe('registry.example/base:1');
		expect(name({image: 'debian:12'}, preferences, variables)).toBe('mirror.example/library/debian:12');
		expect(name({}, {}, {DSTACK_TUI_IMAGE: ''})).toBe('dstackai/base:0.15-base-ubuntu24.04');
	});

	test('is passed on as it stands where it is no name', () => {
		expect(name({image: 'No Name'})).toBe('No Name');
	});

	test('says what it cannot do', () => {
		expect(imageCautions({image: undefined, python: '3.12', gpus: [{vendor: 'nvidia'}]})).toEqual([]);
		expect(imageCautions({image: undefined, python: '3.7'}).join()).toContain('Python 3.7');
		expect(imageCautions({image: undefined, gpus: [{vendor: 'amd'}]}).join()).toContain('GPUs of amd');
		expect(imageCautions({image: 'mine', python: '3.7', gpus: [{vendor: 'amd'}]})).toEqual([]);
	});
});
