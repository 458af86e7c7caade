/**
What kind of failure a problem is. `cli.ts` alone turns kinds into exit codes.

- `usage`: the command line is wrong.
- `configuration`: a `.dstack.yml`, a profile or a setting is wrong, or the folder cannot be used as it is.
- `no-offer`: nothing matches what was asked for.
- `not-provisioned`: offers were tried, none could be had.
- `interrupted`: the person ended it.
- `failed`: everything else.
*/
export type ProblemKind = 'usage' | 'configuration' | 'no-offer' | 'not-provisioned' | 'interrupted' | 'failed';

export type ProblemOptions = {
	/** What the person can do next, as one sentence. */
	next?: string;
	/** More lines that belong to the message (a list of files, the output of a command). */
	details?: readonly string[];
	cause?: unknown;
};

/** An error that is meant to be read by a person: what failed and why, and what to do next. Never shown with a stack trace. */
export class Problem extends Error {
	override readonly name = 'Problem';
	readonly kind: ProblemKind;
	readonly next: string | undefined;
	readonly details: readonly string[];

	constructor(kind: ProblemKind, message: string, options: ProblemOptions = {}) {
		super(message, options.cause === undefined ? undefined : {cause: options.cause});
		this.kind = kind;
		this.next = options.next;
		this.details = options.details ?? [];
	}
}

/** What is wrong and what to do, for one line. */
export const sentencesOf = ({message, next}: Pick<Problem, 'message' | 'next'>): string =>
	[message, next].filter(Boolean).join('. ');

/** The message of anything that was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
