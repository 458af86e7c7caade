import {execFileSync} from 'node:child_process';
import {writeFile} from 'node:fs/promises';
import path from 'node:path';
import ssh2 from 'ssh2';
import {describe, expect, test} from 'vitest';
import {generateKeyPair, publicKeyBytes} from '../../source/tunnel/connection/keys.js';
import {temporaryFolder} from '../support/folders.js';
import {hasCommand} from '../support/program.js';

describe('keys', () => {
	test('each of many is whole, its own, and signs for its public half', async () => {
		const pairs = await Promise.all(Array.from({length: 400}, async (_, index) => generateKeyPair(`test ${index}`)));
		expect(new Set(pairs.map(pair => pair.public)).size).toBe(400);
		for (const pair of pairs) {
			// A key that begins with zero bytes is as long as any other.
			expect(publicKeyBytes(pair.public)).toHaveLength(51);
			const [secret, open] = [ssh2.utils.parseKey(pair.private), ssh2.utils.parseKey(pair.public)];
			if (secret instanceof Error || open instanceof Error) {
				throw new Error('ssh2 cannot read it');
			}

			expect(secret.getPublicSSH()).toEqual(open.getPublicSSH());
			expect(open.verify('text', secret.sign('text'))).toBe(true);
		}
	});

	test.skipIf(!hasCommand('ssh-keygen'))('OpenSSH reads them, and agrees about the public half', async () => {
		const folder = await temporaryFolder();
		for (let index = 0; index < 5; index++) {
			const pair = await generateKeyPair(`comment${'x'.repeat(index)}`);
			const file = path.join(folder, `key${index}`);
			await writeFile(file, pair.private, {mode: 0o600});
			expect(execFileSync('ssh-keygen', ['-y', '-f', file], {encoding: 'utf8'}).trim()).toBe(pair.public);
		}
	});
});
