import type {KeyPair} from '../backends/backend.js';

/** A fresh ed25519 key pair in OpenSSH's own format. */
export async function generateKeyPair(comment: string): Promise<KeyPair> {
	const {default: ssh2} = await import('ssh2');
	return new Promise((resolve, reject) => {
		ssh2.utils.generateKeyPair('ed25519', {comment}, (error, keys) => {
			if (error) {
				reject(error);
				return;
			}

			// OpenSSH wants the file to end with a newline.
			resolve({private: `${keys.private.trimEnd()}\n`, public: keys.public.trim()});
		});
	});
}

/** The key itself, without its type and comment, as it goes over the wire. */
export const publicKeyBytes = (line: string): Buffer => Buffer.from(line.split(' ')[1] ?? '', 'base64');
