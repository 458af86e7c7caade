import type {EC2Client} from '@aws-sdk/client-ec2';

let last: Promise<void> = Promise.resolve();

/**
Resolves in a turn of the event loop of its own. Answers of twenty regions come together, and each takes some milliseconds to be read:
one after the other without a pause, they would hold up every key that is pressed meanwhile.
*/
export async function ownTurn(): Promise<void> {
	last = last.then(
		async () =>
			new Promise(resolve => {
				setImmediate(resolve);
			}),
	);
	return last;
}

/** Bytes of one answer; EC2's largest pages have about one million. */
const mostBytes = 32 * 1024 * 1024;

type Body = AsyncIterable<Uint8Array> & {destroy?(): void};

/** Makes a client take each answer as a whole, and read it in a turn of its own. */
export function limitConcurrency(client: Pick<EC2Client, 'middlewareStack'>): void {
	client.middlewareStack.add(
		next => async args => {
			const result = await next(args);
			const response = result.response as {body?: unknown};
			if (isStream(response.body)) {
				response.body = await collect(response.body);
				await ownTurn();
			}

			return result;
		},
		// Next to the connection: what reads the answer comes after it.
		{step: 'deserialize', priority: 'low', name: 'ownTurn'},
	);
}

const isStream = (body: unknown): body is Body => typeof body === 'object' && body !== null && Symbol.asyncIterator in body;

async function collect(body: Body): Promise<Uint8Array> {
	const chunks: Uint8Array[] = [];
	let length = 0;
	for await (const chunk of body) {
		length += chunk.length;
		if (length > mostBytes) {
			body.destroy?.();
			throw new Error(`an answer of more than ${mostBytes} bytes`);
		}

		chunks.push(chunk);
	}

	return Buffer.concat(chunks);
}
