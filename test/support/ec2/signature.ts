import {createHash, createHmac, timingSafeEqual} from 'node:crypto';
import {Ec2Error} from './errors.js';
import type {Account} from './world.js';

export type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** A request as it came over the wire. */
export type Request = {readonly method: string; readonly path: string; readonly headers: Headers; readonly body: string};

export type Caller = {readonly account: Account; readonly region: string; readonly service: string};

const refused = (): Ec2Error => new Ec2Error('AuthFailure', 'AWS was not able to validate the provided access credentials', 401);

const hash = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');
const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text, 'utf8').digest();

const keys = new Map<string, Buffer>();

/** The key for a day's requests to a service; kept, as thousands of histories sign with the same few. */
function keyOf(secret: string, ...scope: readonly string[]): Buffer {
	const name = [secret, ...scope].join('\n');
	const key = keys.get(name) ?? [...scope, 'aws4_request'].reduce<Buffer>(hmac, Buffer.from(`AWS4${secret}`));
	keys.set(name, key);
	return key;
}

const text = (headers: Headers, name: string): string => {
	const value = headers[name];
	return (Array.isArray(value) ? value.join(',') : (value ?? '')).trim().replace(/ +/g, ' ');
};

const form =
	/^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([a-z\d-]+)\/([a-z\d]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([\da-f]{64})$/;

/** Who calls which region, by the version 4 signature, which is checked as AWS checks it. Throws `AuthFailure`. */
export function callerOf(request: Request, accounts: readonly Account[]): Caller {
	const {headers, method, path, body} = request;
	const [, id, date, region = '', service = '', signed = '', signature = ''] = form.exec(text(headers, 'authorization')) ?? [];
	const account = accounts.find(({accessKeyId}) => accessKeyId === id);
	if (!account || date === undefined || text(headers, 'x-amz-security-token') !== (account.sessionToken ?? '')) {
		throw refused();
	}

	const [where = '/', query = ''] = path.split('?');
	const canonical = [
		...[method, where, query],
		...signed.split(';').map(name => `${name}:${text(headers, name)}`),
		...['', signed, hash(body)],
	].join('\n');
	const time = text(headers, 'x-amz-date');
	const toSign = ['AWS4-HMAC-SHA256', time, `${date}/${region}/${service}/aws4_request`, hash(canonical)].join('\n');
	const key = keyOf(account.secretAccessKey, date, region, service);
	if (!time.startsWith(date) || !timingSafeEqual(hmac(key, toSign), Buffer.from(signature, 'hex'))) {
		throw refused();
	}

	return {account, region, service};
}
