import {familiarName, parseMirror, parseReference} from '../../system/image-reference.js';
import {messageOf, Problem} from '../../system/problem.js';
import {neutraliseLine} from '../../system/terminal-text.js';

/** Where built images are kept. */
export type RegistrySetting = {
	/** Host, with its port: `ghcr.io`. */
	readonly registry: string;
	readonly repository: string;
	/** As it is written: it may hold `${{ secrets.NAME }}` or `${{ env.NAME }}`. */
	readonly username: string | undefined;
	readonly password: string | undefined;
};

/** What a person's settings say of images and the IDE. */
export type ImageSettings = {
	readonly registry: RegistrySetting | undefined;
	/** Instead of the public base image. */
	readonly baseImage: string | undefined;
	/** Where images of Docker Hub are fetched from: `HOST[:PORT][/PATH]`. */
	readonly mirror: string | undefined;
	/** Hosts that are asked over plain HTTP. */
	readonly insecureRegistries: readonly string[];
	/** Base URL of the site that the IDE's servers are downloaded from, without a slash at its end. */
	readonly ideOrigin: string | undefined;
	/** What is written and cannot be used, one each; its value is as if it were not there. */
	readonly problems: ReadonlyArray<{readonly key: SettingKey; readonly message: string}>;
};

export type SettingKey = 'registry' | 'base_image' | 'mirror' | 'insecure_registries' | 'ide_origin';

/** The repository where only a host is named. */
const usualRepository = 'dstack-tui-builds';

/** Reads the settings as they stand in the file, which people write. Never throws: see `problems`. */
export function readImageSettings(get: (key: SettingKey) => unknown): ImageSettings {
	const problems: Array<{key: SettingKey; message: string}> = [];
	const read = <T>(key: SettingKey, understand: (value: unknown) => T): T | undefined => {
		const value = get(key);
		if (value === undefined || value === null) {
			return undefined;
		}

		try {
			return understand(value);
		} catch (error) {
			problems.push({key, message: `\`${key}\` in the settings: ${messageOf(error)}`});
			return undefined;
		}
	};

	return {
		registry: read('registry', readRegistry),
		baseImage: read('base_image', value => familiarName(parseReference(text(value, 'an image such as "ubuntu:24.04"')))),
		mirror: read('mirror', value => parseMirror(text(value, 'a host such as "mirror.example:5000"'))),
		insecureRegistries: read('insecure_registries', readHosts) ?? [],
		ideOrigin: read('ide_origin', readOrigin),
		problems,
	};
}

/** Throws a `configuration` problem where one of these settings is written and cannot be used: to go on would be to do something else than was asked. */
export function requireSettings({problems}: ImageSettings, keys: readonly SettingKey[]): void {
	const found = problems.filter(({key}) => keys.includes(key)).map(({message}) => message);
	if (found.length > 0) {
		throw new Problem('configuration', found[0] ?? '', {
			details: found.slice(1),
			next: 'Mend it in config.json, or take it out.',
		});
	}
}

const isText = (value: unknown): value is string => typeof value === 'string' && value.trim() !== '';

function text(value: unknown, expected: string): string {
	if (!isText(value)) {
		throw new Error(`expected ${expected}`);
	}

	return value.trim();
}

function readRegistry(value: unknown): RegistrySetting {
	if (typeof value === 'string') {
		return {...readPlace(value), username: undefined, password: undefined};
	}

	const expected = 'HOST/PATH as a text, or a map of repository, username and password';
	if (typeof value !== 'object' || value === null || Array.isArray(value)) {
		throw new Error(`expected ${expected}`);
	}

	const {repository, username, password, ...others} = value as Readonly<Record<string, unknown>>;
	const [unknown] = Object.keys(others);
	if (unknown !== undefined) {
		throw new Error(`expected ${expected}; found ${neutraliseLine(unknown).slice(0, 60)}`);
	}

	const place = readPlace(text(repository, '`repository`, such as "ghcr.io/team/builds"'));
	if ((username === undefined) !== (password === undefined)) {
		throw new Error('expected `username` and `password` together, or none of them');
	}

	if (username === undefined) {
		return {...place, username: undefined, password: undefined};
	}

	return {
		...place,
		username: text(username, '`username` as a text'),
		password: text(password, '`password` as a text, such as "${{ secrets.REGISTRY }}"'),
	};
}

/** A repository; where only a host is named, our usual one there. */
function readPlace(value: string): Pick<RegistrySetting, 'registry' | 'repository'> {
	const clean = value.trim().replace(/\/+$/, '');
	const isHost = !clean.includes('/') && (clean === 'localhost' || /[.:]/.test(clean));
	const {registry, repository} = parseReference(isHost ? `${clean}/${usualRepository}` : clean);
	if (!isHost && [registry, repository].join('/') !== clean && repository !== clean) {
		throw new Error(
			/[:@]/.test(clean.slice(clean.lastIndexOf('/') + 1))
				? 'expected a repository without a tag: the builds get their own'
				: 'expected HOST/PATH such as "ghcr.io/team/builds"',
		);
	}

	return {registry, repository};
}

function readHosts(value: unknown): readonly string[] {
	const hosts = Array.isArray(value) ? value : [value];
	return hosts.map(host => {
		const clean = text(host, 'a list of hosts such as ["registry.local:5000"]');
		if (parseMirror(clean).includes('/')) {
			throw new Error(`expected a host with its port, found '${neutraliseLine(clean).slice(0, 60)}'`);
		}

		return clean;
	});
}

function readOrigin(value: unknown): string {
	const written = text(value, 'an address such as "https://mirror.example/vscode"');
	const url = URL.parse(written);
	if (
		!url ||
		!/^https?:$/.test(url.protocol) ||
		url.username !== '' ||
		url.password !== '' ||
		url.search !== '' ||
		url.hash !== ''
	) {
		throw new Error('expected an address such as "https://mirror.example/vscode", without a login in it');
	}

	return url.href.replace(/\/+$/, '');
}
