import {randomBytes, randomInt, randomUUID} from 'node:crypto';

/** Where all chance comes from, so that tests can turn it. */
export type Random = {
	uuid(): string;
	/** A whole number from 0 up to, but without, `limit`. */
	integerBelow(limit: number): number;
	/** `count` random bytes as lower-case hexadecimal. */
	hex(count: number): string;
};

export const systemRandom: Random = {
	uuid: () => randomUUID(),
	integerBelow: limit => randomInt(limit),
	hex: count => randomBytes(count).toString('hex'),
};
