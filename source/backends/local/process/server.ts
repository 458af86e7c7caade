import {timingSafeEqual} from 'node:crypto';
import {appendFileSync} from 'node:fs';
import type {AddressInfo} from 'node:net';
import {userInfo} from 'node:os';
import path from 'node:path';
import ssh2, {type AuthContext, type Connection, type ParsedKey, type PublicKeyAuthContext} from 'ssh2';
import {serveForwards} from './forwarding.js';
import {loginsFile} from '../../../agents/container/paths.js';
import type {ServerOptions} from './options.js';
import {messageOf} from '../../../system/problem.js';
import {serveSession} from './session.js';

/** Bytes compared without telling by the time where they differ. */
const sameBytes = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b);

/** The run's key, for this machine's user, with a signature that proves it; nothing else. */
function authenticate(context: AuthContext, allowed: ParsedKey): void {
	const rightUser = sameBytes(Buffer.from(context.username), Buffer.from(userInfo().username));
	if (context.method !== 'publickey') {
		context.reject(['publickey']);
		return;
	}

	const {key, signature, blob, hashAlgo} = context as PublicKeyAuthContext & {hashAlgo?: string};
	const rightKey = key.algo === allowed.type && sameBytes(key.data, allowed.getPublicSSH());
	const proven = signature === undefined || (blob !== undefined && allowed.verify(blob, signature, hashAlgo) === true);
	if (rightUser && rightKey && proven) {
		context.accept();
	} else {
		context.reject(['publickey']);
	}
}

/** As an sshd says it: who prepares the environment wants to know whether anybody else was in it. */
function noteLogin({places}: ServerOptions): void {
	try {
		appendFileSync(path.join(places.state, loginsFile), `Accepted publickey for ${userInfo().username}\n`, {mode: 0o600});
	} catch (error) {
		// On a full disk people still get in. What is not counted is no danger: a baseline cannot be written there either.
		console.error(`a login could not be noted down: ${messageOf(error)}`);
	}
}

function welcome(client: Connection, options: ServerOptions, allowed: ParsedKey): void {
	client.on('authentication', context => authenticate(context, allowed));
	client.on('ready', () => {
		// There, but missing in the types.
		(client as Connection & {setNoDelay(on: boolean): void}).setNoDelay(true);
		client.on('session', accept => serveSession(accept(), options));
		serveForwards(client);
		noteLogin(options);
	});
	// What is wrong with a connection is the client's to tell; here it only ends.
	client.on('error', () => client.end());
}

/** Serves SSH on 127.0.0.1, at a port that the system chooses. */
export async function serve(options: ServerOptions): Promise<{port: number; close: () => void}> {
	const allowed = ssh2.utils.parseKey(options.record.authorizedKey);
	if (allowed instanceof Error) {
		throw allowed;
	}

	const clients = new Set<Connection>();
	const server = new ssh2.Server({hostKeys: [options.hostKey], keepaliveInterval: 30_000, keepaliveCountMax: 4}, client => {
		clients.add(client);
		client.on('close', () => clients.delete(client));
		welcome(client, options, allowed);
	});
	await new Promise<void>((resolve, reject) => {
		server.once('error', reject);
		server.listen(0, '127.0.0.1', resolve);
	});
	return {
		port: (server.address() as AddressInfo).port,
		close() {
			server.close();
			for (const client of clients) {
				client.end();
			}
		},
	};
}
