import {createServer, request} from 'node:http';
import type {AddressInfo} from 'node:net';

/** What came to a registry: a method with its path, and what proves who asks. */
export type Heard = {readonly line: string; readonly authorization: string | undefined};

export type RecordedRegistry = {
	readonly port: number;
	readonly heard: readonly Heard[];
	/** The logins that came, as `user:password`, each once. */
	logins(): string[];
	stop(): Promise<void>;
};

/** A way to a registry on this machine that writes down what comes along. */
export async function recordRegistry(host: string): Promise<RecordedRegistry> {
	const heard: Heard[] = [];
	const upstream = new URL(`http://${host}`);
	const server = createServer((incoming, answer) => {
		heard.push({line: `${incoming.method} ${incoming.url}`, authorization: incoming.headers.authorization});
		const outgoing = request(
			{
				host: '127.0.0.1',
				port: upstream.port,
				method: incoming.method,
				path: incoming.url,
				headers: {...incoming.headers, connection: 'close'},
			},
			response => {
				answer.writeHead(response.statusCode ?? 502, response.headers);
				response.pipe(answer);
			},
		);
		outgoing.on('error', () => answer.destroy());
		incoming.pipe(outgoing);
	});
	await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
	return {
		port: (server.address() as AddressInfo).port,
		heard,
		logins() {
			const sent = heard.flatMap(({authorization}) => (authorization === undefined ? [] : [authorization]));
			return [...new Set(sent)].map(each => Buffer.from(each.replace(/^Basic /, ''), 'base64').toString());
		},
		async stop() {
			server.closeAllConnections();
			await new Promise(resolve => server.close(resolve));
		},
	};
}
