import {readFileSync} from 'node:fs';
import {expect, it} from 'vitest';

type Entry = {
	readonly version?: string;
	readonly integrity?: string;
	readonly hasInstallScript?: boolean;
	readonly link?: boolean;
};

const read = (file: string): unknown => JSON.parse(readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8'));

it("a clone's Node comes with its integrity and no install script", () => {
	const {packages} = read('package-lock.json') as {packages: Readonly<Record<string, Entry>>};
	const {scripts, optionalDependencies} = read('runtime/package.json') as Record<string, Record<string, string> | undefined>;
	const wanted = Object.entries(optionalDependencies ?? {});
	expect(scripts).toBeUndefined();
	expect(wanted).toHaveLength(5);
	const launcher = readFileSync(new URL('../../launcher/dstack-tui.js', import.meta.url), 'utf8');
	for (const [name, version] of wanted) {
		const {integrity, hasInstallScript, ...entry} = packages[`node_modules/${name}`] ?? {};
		expect({name, version: entry.version, hasInstallScript}).toEqual({name, version, hasInstallScript: undefined});
		expect(integrity, name).toMatch(/^sha512-[\w+/]{86}==$/);
		expect(launcher).toContain(`'${name}'`);
	}

	// Nor is there another one beside them that brings its own.
	expect(Object.keys(packages)).not.toContain('node_modules/node');
});
