import {z} from 'zod';

/**
What may be lost with an environment, as a person has agreed to it: all that is in it; what it held when it was looked at, which is home by
now, or is nothing, known again by its mark; the same where it could not be compared; nothing.
*/
export const consentSchema = z.discriminatedUnion('lose', [
	z.object({lose: z.literal('all')}),
	z.object({lose: z.literal('known'), content: z.string()}),
	z.object({lose: z.literal('uncompared')}),
	z.object({lose: z.literal('nothing')}),
]);

export type Consent = z.infer<typeof consentSchema>;

type Seen = {readonly changed: boolean; readonly mark?: {readonly content: string} | undefined};

/** The consent to lose what was seen there, and nothing that came after it. */
export function consentTo({changed, mark}: Seen): Consent {
	if (mark) {
		return {lose: 'known', content: mark.content};
	}

	return {lose: changed ? 'uncompared' : 'nothing'};
}

/** Whether what is there now may be lost. `isLater`: another program than the one that looked ends it. */
export function covers(consent: Consent, {changed, mark}: Seen, isLater: boolean): boolean {
	return (
		!changed ||
		consent.lose === 'all' ||
		(consent.lose === 'known' && mark?.content === consent.content) ||
		(consent.lose === 'uncompared' && mark === undefined && !isLater)
	);
}
