import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import {randomUUID} from 'node:crypto';
import type {Seed} from '../ec2/guests.js';

/** The instance metadata service, version 2 alone: who asks is known by the address. */
export class Metadata {
	readonly #seeds = new Map<string, Seed>();
	readonly #tokens = new Set<string>();
	readonly #server: Server = createServer((request, response) => {
		this.#answer(request, response);
	});

	/** Listens at an address that machines reach; returns the port. */
	async open(host: string): Promise<number> {
		await new Promise<void>((resolve, reject) => {
			this.#server.once('error', reject);
			this.#server.listen(0, host, resolve);
		});
		return (this.#server.address() as AddressInfo).port;
	}

	add(address: string, seed: Seed): void {
		this.#seeds.set(address, seed);
	}

	remove(address: string): void {
		this.#seeds.delete(address);
	}

	async close(): Promise<void> {
		const closed = new Promise(resolve => this.#server.close(resolve));
		this.#server.closeAllConnections();
		await closed;
	}

	#answer({method, url = '', headers, socket}: IncomingMessage, response: ServerResponse): void {
		const address = socket.remoteAddress ?? '';
		const seed = this.#seeds.get(address);
		const send = (status: number, text: string) => {
			response.writeHead(status, {'content-type': 'text/plain'});
			response.end(text);
		};

		if (!seed) {
			send(404, '');
		} else if (method === 'PUT' && url === '/latest/api/token') {
			const token = randomUUID();
			this.#tokens.add(token);
			send(headers['x-aws-ec2-metadata-token-ttl-seconds'] === undefined ? 400 : 200, token);
		} else if (!this.#tokens.has(String(headers['x-aws-ec2-metadata-token']))) {
			send(401, '');
		} else {
			const text = textsOf(seed, address)[url.replace('/latest/meta-data/', '')];
			send(text === undefined ? 404 : 200, text ?? '');
		}
	}
}

function textsOf(seed: Seed, address: string): Readonly<Record<string, string | undefined>> {
	const notice = seed.notice();
	return {
		'instance-id': seed.instanceId,
		'instance-type': seed.instanceType,
		'local-ipv4': address,
		'public-ipv4': address,
		'placement/region': seed.region,
		'placement/availability-zone': seed.zone,
		'spot/instance-action': notice && JSON.stringify(notice),
		'spot/termination-time': notice?.time,
	};
}
