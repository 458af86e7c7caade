import type {z} from 'zod';

/** Of a line that is read, in characters; a longer one is not from a script of ours. */
const sizeLimit = 64 * 1024;

/** A line of JSON that a machine has printed, or undefined where it is none of that shape: what comes from a machine may be anything. */
export function readJsonLine<T>(line: string, schema: z.ZodType<T>): T | undefined {
	if (line.length > sizeLimit) {
		return undefined;
	}

	let value: unknown;
	try {
		value = JSON.parse(line);
	} catch {
		return undefined;
	}

	const parsed = schema.safeParse(value);
	return parsed.success ? parsed.data : undefined;
}
