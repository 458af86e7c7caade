import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import {HttpResponse} from '@smithy/core/protocols';
import {answer, type Service} from './service.js';

/** `refused`: nobody listens. `reset`: connections are closed as they open. `hang`: what is sent is swallowed. */
export type Cut = 'refused' | 'reset' | 'hang';

/** The network between a client and the stand-in. */
export type Network = {cut: Cut | undefined};

/** The stand-in behind a real socket on 127.0.0.1. */
export class Listener {
	readonly #service: Service;
	readonly #network: Network;
	readonly #server: Server;
	#port = 0;

	constructor(service: Service, network: Network) {
		this.#service = service;
		this.#network = network;
		this.#server = createServer((request, response) => {
			void this.#serve(request, response);
		});
		this.#server.on('connection', socket => {
			if (network.cut === 'reset') {
				socket.resetAndDestroy();
			}
		});
	}

	get url(): string {
		return `http://127.0.0.1:${this.#port}`;
	}

	/** Listens on the port that it had before. */
	async open(): Promise<void> {
		await new Promise<void>((resolve, reject) => {
			this.#server.once('error', reject);
			this.#server.listen(this.#port, '127.0.0.1', resolve);
		});
		this.#port = (this.#server.address() as AddressInfo).port;
	}

	/** Ends every connection with it. */
	async close(): Promise<void> {
		const closed = new Promise(resolve => this.#server.close(resolve));
		this.#server.closeAllConnections();
		await closed;
	}

	/** What is open by now is torn too. */
	tear(): void {
		this.#server.closeAllConnections();
	}

	async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
		const chunks: Buffer[] = [];
		try {
			for await (const chunk of incoming) {
				chunks.push(chunk as Buffer);
			}
		} catch {
			// The client went away while it spoke: nobody is left to answer.
			return;
		}

		if (this.#network.cut !== undefined) {
			if (this.#network.cut !== 'hang') {
				incoming.socket.resetAndDestroy();
			}

			return;
		}

		const {method = '', url: path = '', headers} = incoming;
		const reply = await answer(this.#service, {method, path, headers, body: Buffer.concat(chunks).toString('utf8')}).catch(
			(error: unknown) => {
				this.#service.world.troubles.push(error as Error);
				return 'drop' as const;
			},
		);
		if (reply === 'drop') {
			incoming.socket.destroy();
		} else if (reply !== 'hang') {
			response.writeHead(reply.status, {'content-type': reply.type});
			response.end(reply.body);
		}
	}
}

type SdkRequest = {
	readonly method: string;
	readonly path: string;
	readonly query?: Readonly<Record<string, unknown>>;
	readonly headers: Readonly<Record<string, string>>;
	readonly body?: unknown;
};

/** As the SDK's own handler throws it: a broken connection has the name of a time-out. */
const systemError = (code: string, words: string): Error =>
	Object.assign(new Error(words), {code, ...(code === 'ECONNREFUSED' ? {} : {name: 'TimeoutError'})});

/**
The stand-in without a socket, as an SDK client's `requestHandler`: whole histories in milliseconds, and the client's time-out
(milliseconds) passes by the stand-in's clock. A dropped connection and a cut network are the errors that Node throws for them.
*/
export class DirectHandler {
	readonly metadata = {handlerProtocol: 'http/1.1'};
	readonly #service: Service;
	readonly #network: Network;
	readonly #timeout: number;

	constructor(service: Service, network: Network, timeout: number) {
		this.#service = service;
		this.#network = network;
		this.#timeout = timeout;
	}

	async handle(request: SdkRequest, {abortSignal}: {abortSignal?: unknown} = {}): Promise<{response: HttpResponse}> {
		const signal = abortSignal as AbortSignal | undefined;
		signal?.throwIfAborted();
		const {clock} = this.#service.world;
		const over = new AbortController();
		const forget = () => undefined;
		const late = clock.sleep(this.#timeout, over.signal).then(() => {
			throw systemError('ETIMEDOUT', `no answer within ${this.#timeout} ms`);
		});
		late.catch(forget);
		const aborted = new Promise<never>((_, reject) => {
			signal?.addEventListener('abort', () => reject(signal.reason as Error), {once: true, signal: over.signal});
		});
		aborted.catch(forget);
		try {
			return {response: await Promise.race([this.#send(request), late, aborted])};
		} finally {
			over.abort();
		}
	}

	updateHttpClientConfig(): void {}

	httpHandlerConfigs(): Record<string, never> {
		return {};
	}

	destroy(): void {}

	async #send({method, path, headers, body}: SdkRequest): Promise<HttpResponse> {
		const {cut} = this.#network;
		if (cut === 'refused') {
			throw systemError('ECONNREFUSED', 'connect ECONNREFUSED');
		}

		const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
		const text = typeof body === 'string' ? body : Buffer.from((body as Uint8Array | undefined) ?? []).toString('utf8');
		const reply =
			cut === undefined
				? await answer(this.#service, {method, path, headers: lower, body: text})
				: cut === 'reset'
					? 'drop'
					: 'hang';
		if (reply === 'drop') {
			throw systemError('ECONNRESET', 'socket hang up');
		}

		return reply === 'hang'
			? new Promise(() => undefined)
			: new HttpResponse({statusCode: reply.status, headers: {'content-type': reply.type}, body: Buffer.from(reply.body)});
	}
}
