// A cloud on this machine that answers slowly: RunPod's GraphQL with many data centers, one after the other.
import {createServer} from 'node:http';

const cards = Array.from({length: 8}, (_, index) => ({
	id: `Card ${index}`,
	displayName: `RTX ${1000 + index}`,
	manufacturer: 'Nvidia',
	memoryInGb: 8 * (1 + (index % 10)),
	maxGpuCount: 8,
	securePrice: 0.2 + index / 20,
	secureSpotPrice: 0.1 + index / 20,
	communityPrice: 0.15 + index / 20,
	communitySpotPrice: 0,
}));

const inStock = {stockStatus: 'High', minVcpu: 8, minMemory: 48, minimumBidPrice: 0.1, uninterruptablePrice: 0.2};

const answerTo = (query, centers) => {
	if (query.includes('myself')) {
		return {myself: {id: 'someone'}};
	}

	if (query.includes('dataCenters')) {
		return {dataCenters: Array.from({length: centers}, (_, index) => ({id: `XX-TEST-${index}`, listed: true})), gpuTypes: cards};
	}

	const counts = [...query.matchAll(/(c\d+):/g)].map(([, alias]) => alias);
	return {gpuTypes: cards.map(({id}) => ({id, ...Object.fromEntries(counts.map(alias => [alias, inStock]))}))};
};

/** Answers each question after `delay` milliseconds. `file` is a `backends.yml` that leads to it. */
export const startSlowCloud = async ({centers, delay}) => {
	const server = createServer((request, response) => {
		const pieces = [];
		request.on('data', piece => pieces.push(piece));
		request.on('end', () => {
			const {query} = JSON.parse(Buffer.concat(pieces).toString());
			const body = JSON.stringify({data: answerTo(query, centers)});
			setTimeout(() => response.writeHead(200, {'content-type': 'application/json'}).end(body), delay);
		});
	});
	await new Promise(resolve => {
		server.listen(0, '127.0.0.1', resolve);
	});
	const endpoint = `http://127.0.0.1:${server.address().port}/graphql`;
	return {
		file: `backends:\n  - type: runpod\n    creds: {type: api_key, api_key: nobody}\n    endpoint: ${endpoint}\n`,
		close() {
			server.closeAllConnections();
			server.close();
		},
	};
};
