import {generateKeyPair as generate, randomBytes} from 'node:crypto';
import {promisify} from 'node:util';
import type {KeyPair} from '../../system/key-pair.js';

const type = 'ssh-ed25519';
const blockSize = 8;

const uint32 = (value: number): Buffer => {
	const bytes = Buffer.alloc(4);
	bytes.writeUInt32BE(value);
	return bytes;
};

const string = (value: string | Buffer): Buffer => {
	const bytes = Buffer.from(value as string);
	return Buffer.concat([uint32(bytes.length), bytes]);
};

/**
A fresh ed25519 key pair in OpenSSH's own format (its `PROTOCOL.key`, unencrypted). Not by ssh2, whose generator takes leading zero bytes
away: about one key in two hundred would be refused by OpenSSH.
*/
export async function generateKeyPair(comment: string): Promise<KeyPair> {
	const {privateKey} = await promisify(generate)('ed25519', {publicKeyEncoding: undefined, privateKeyEncoding: undefined});
	const {x, d} = privateKey.export({format: 'jwk'});
	const [point, seed] = [x, d].map(text => Buffer.from(text ?? '', 'base64url')) as [Buffer, Buffer];
	const publicBlob = Buffer.concat([string(type), string(point)]);
	// Twice the same number, by which a reader knows that it decrypted well.
	const check = randomBytes(4);
	const secret = Buffer.concat([check, check, publicBlob, string(Buffer.concat([seed, point])), string(comment)]);
	const padding = Buffer.from(
		Array.from({length: (blockSize - (secret.length % blockSize)) % blockSize}, (_, index) => index + 1),
	);
	const file = Buffer.concat([
		Buffer.from('openssh-key-v1\0'),
		string('none'),
		string('none'),
		string(''),
		uint32(1),
		string(publicBlob),
		string(Buffer.concat([secret, padding])),
	]);
	const lines = file.toString('base64').match(/.{1,70}/g) ?? [];
	return {
		private: ['-----BEGIN OPENSSH PRIVATE KEY-----', ...lines, '-----END OPENSSH PRIVATE KEY-----', ''].join('\n'),
		public: `${type} ${publicBlob.toString('base64')} ${comment}`,
	};
}

/** The key itself, without its type and comment, as it goes over the wire. */
export const publicKeyBytes = (line: string): Buffer => Buffer.from(line.split(' ')[1] ?? '', 'base64');
