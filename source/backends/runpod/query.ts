import {z} from 'zod';
import {neutraliseLine} from '../../system/terminal-text.js';
import {BackendError} from '../backend.js';
import {type RestAnswer, refusal} from '../rest.js';
import {withoutSecrets} from '../settings/index.js';

/** Numbers of cards in one pod that are asked for. */
export const usualCounts: readonly number[] = [1, 2, 4, 8];

export const whoami = 'query { myself { id } }';

export const overview = `query {
	dataCenters { id listed }
	gpuTypes { id displayName manufacturer memoryInGb maxGpuCount securePrice secureSpotPrice communityPrice communitySpotPrice }
}`;

/** The stock of one place, every card and number of cards at once: `c4` holds the answer for four. */
export const stockQuery = (counts: readonly number[], place: {readonly dataCenter: string} | 'community'): string => {
	const where =
		place === 'community' ? 'secureCloud: false' : `secureCloud: true, dataCenterId: ${JSON.stringify(place.dataCenter)}`;
	const fields = '{ stockStatus minVcpu minMemory minimumBidPrice uninterruptablePrice }';
	return `query { gpuTypes { id ${counts.map(count => `c${count}: lowestPrice(input: {gpuCount: ${count}, ${where}}) ${fields}`).join(' ')} } }`;
};

const text = z
	.string()
	.transform(each => neutraliseLine(each).trim())
	.pipe(z.string().min(1).max(80));

const price = z.number().nonnegative().nullish();

export const gpuType = z.object({
	id: text,
	displayName: text,
	manufacturer: text.nullish(),
	memoryInGb: z.number().positive(),
	maxGpuCount: z.number().int().positive().nullish(),
	securePrice: price,
	secureSpotPrice: price,
	communityPrice: price,
	communitySpotPrice: price,
});

export type GpuType = z.infer<typeof gpuType>;

// A place name goes into the next query, so it must look like one.
export const dataCenter = z.object({id: z.string().regex(/^[A-Za-z\d-]{1,40}$/), listed: z.boolean().nullish()});

export const stock = z.object({
	stockStatus: z.string().nullish(),
	minVcpu: z.number().nullish(),
	minMemory: z.number().nullish(),
	minimumBidPrice: price,
	uninterruptablePrice: price,
});

export type Stock = z.infer<typeof stock>;

/** The list `name` of an answer's data, row by row; rows that are not as they should be are counted. */
export function rows<T>(data: Readonly<Record<string, unknown>>, name: string, schema: z.ZodType<T>): {rows: T[]; odd: number} {
	const list = data[name];
	const parsed = (Array.isArray(list) ? list : []).map((each: unknown) => schema.safeParse(each));
	const good = parsed.flatMap(each => (each.success ? [each.data] : []));
	return {rows: good, odd: parsed.length - good.length};
}

const envelope = z.object({
	data: z.record(z.string(), z.unknown()).nullish(),
	errors: z.array(z.object({message: z.string().default('')})).nullish(),
});

/** The data of a GraphQL answer. Errors of single rows leave the rest as it is; where nothing is left, they are thrown. */
export function dataOf(answer: RestAnswer, apiKey: string): Readonly<Record<string, unknown>> {
	const parsed = envelope.safeParse(answer.body);
	const message = parsed.success ? parsed.data.errors?.[0]?.message : undefined;
	if (answer.status !== 200) {
		throw refusal('RunPod', answer, message || undefined, apiKey);
	}

	const data = parsed.success ? parsed.data.data : undefined;
	if (data && Object.values(data).some(each => each !== null && each !== undefined)) {
		return data;
	}

	if (message !== undefined && /unauthori[sz]ed|forbidden|permission|api key/i.test(message)) {
		throw new BackendError('permission', withoutSecrets(message, [apiKey]), {
			next: "Check RunPod's key; it needs at least read access to GraphQL.",
		});
	}

	throw new BackendError('unknown', message ? withoutSecrets(message, [apiKey]) : 'RunPod answers what is no GraphQL answer', {
		next: 'Is the endpoint of runpod in the settings right?',
	});
}
