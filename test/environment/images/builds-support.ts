import {execFileSync} from 'node:child_process';
import {randomUUID} from 'node:crypto';
import {mkdir, writeFile} from 'node:fs/promises';
import path from 'node:path';
import type {Offer} from '../../../source/offers/offer.js';
import {testOffer} from '../../support/events.js';
import {findEngine, type TestEngine} from '../../support/engine.js';
import {temporaryFolder} from '../../support/folders.js';

/** A Docker engine with small images of a test's own, which are removed with `clean`. */
export type EngineBench = TestEngine & {
	/** An image without anything to run in it; its name. */
	makeImage(): Promise<string>;
	/** A build as it will be committed. */
	commit(base: string, reference: string, labels: Readonly<Record<string, string>>): Promise<void>;
	clean(): Promise<void>;
};

export async function findEngineBench(suite: string): Promise<EngineBench | undefined> {
	const engine = await findEngine();
	if ('missing' in engine) {
		console.warn(`${suite}: skipped, missing: ${engine.missing}`);
		return undefined;
	}

	const made = new Set<string>();
	return {
		...engine,
		async makeImage() {
			const name = `dt-images-test-${randomUUID().slice(0, 8)}:1`;
			const id = execFileSync('sh', ['-c', `tar -c -C /etc hostname | docker import - ${name}`], {
				env: {...process.env, DOCKER_HOST: engine.host},
				encoding: 'utf8',
			});
			made.add(id.trim());
			return name;
		},
		async commit(base, reference, labels) {
			const container = await engine.docker('create', base, 'true');
			try {
				const changes = Object.entries(labels).flatMap(([name, value]) => ['--change', `LABEL ${name}="${value}"`]);
				made.add(await engine.docker('commit', ...changes, container, reference));
			} finally {
				await engine.docker('rm', container);
			}
		},
		async clean() {
			for (const id of [...made].toReversed()) {
				await engine.docker('rmi', '-f', id).catch((error: Error) => {
					if (!error.message.includes('No such image')) {
						throw error;
					}
				});
			}
		},
	};
}

export async function makeProject(files: Readonly<Record<string, string>>): Promise<string> {
	const root = await temporaryFolder();
	for (const [name, text] of Object.entries(files)) {
		await mkdir(path.dirname(path.join(root, name)), {recursive: true});
		await writeFile(path.join(root, name), text);
	}

	return root;
}

export const offerOf = (changes: Partial<Offer> = {}): Offer => ({
	...testOffer,
	id: 'x',
	backend: 'aws',
	region: 'us-east-1',
	instanceType: 'm5.large',
	memory: 8192,
	price: 0.1,
	priceSource: 'test',
	...changes,
});

export {environment as environmentOf} from '../support.js';
