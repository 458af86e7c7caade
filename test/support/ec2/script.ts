import {
	Ec2Error,
	insufficientCapacity,
	internalError,
	noSpotCapacity,
	spotLimit,
	throttled,
	unauthorized,
	vcpuLimit,
} from './errors.js';
import type {Instance} from './records.js';

/** A call as it is scripted for and recorded. */
export type Call = {
	/** Milliseconds since the epoch, by the stand-in's clock. */
	readonly time: number;
	/** `DescribeInstances`; of Service Quotas too. */
	readonly action: string;
	readonly region: string;
	readonly account: string;
	/** As the SDK's input shape has it, with what only the guest should see (`UserData`) as its length and hash. */
	readonly input: Readonly<Record<string, unknown>>;
	/** `ok`, an error's code, or what became of the connection; undefined while it is open. */
	outcome: string | undefined;
};

/** What becomes of a call, where that is not the usual. */
export type Outcome = {
	/** Milliseconds before the work, by the clock. */
	readonly before?: number;
	/** Instead of the work. */
	readonly error?: Ec2Error;
	/** The work is left undone, and the answer is the one below. */
	readonly idle?: boolean;
	/** Milliseconds between the work and the answer. */
	readonly after?: number;
	/** `drop` closes the connection without a word, `hang` never answers. */
	readonly answer?: 'drop' | 'hang' | {readonly status: number; readonly body: string; readonly type?: string};
	/** With the instance that a `RunInstances` has launched. */
	readonly launched?: (instance: Instance) => void;
};

export type Match = (call: Call) => boolean;

type Line = {readonly action: string; readonly match: Match | undefined; readonly outcome: Outcome; left: number};

/** What is going to happen to calls: the first line that fits a call is used up by it. */
export class Script {
	readonly #lines: Line[] = [];

	/** `action` may be `*`. Returns how many calls are still to meet it, and how to call it off. */
	add(action: string, match: Match | undefined, outcome: Outcome, times: number): {left(): number; cancel(): void} {
		const line = {action, match, outcome, left: times};
		this.#lines.push(line);
		return {
			left: () => line.left,
			cancel() {
				line.left = 0;
			},
		};
	}

	take(call: Call): Outcome | undefined {
		const line = this.#lines.find(
			({action, match, left}) => left > 0 && (action === '*' || action === call.action) && (match?.(call) ?? true),
		);
		if (line) {
			line.left--;
		}

		return line?.outcome;
	}

	/** The lines that no call has met. */
	rest(): string[] {
		return this.#lines.filter(({left}) => left > 0).map(({action, left}) => `${action} × ${left}`);
	}
}

const html = '<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>';

/** The outcomes that are met in life. */
export const outcomes = {
	fail: (code: string, message: string, status = 400): Outcome => ({error: new Ec2Error(code, message, status)}),
	/** Zones that have some are named in the message. */
	capacity: (type: string, zone: string, others: readonly string[] = []): Outcome => ({
		error: insufficientCapacity(type, zone, others),
	}),
	noSpotCapacity: (): Outcome => ({error: noSpotCapacity()}),
	vcpuLimit: (limit: number): Outcome => ({error: vcpuLimit(limit)}),
	spotLimit: (): Outcome => ({error: spotLimit()}),
	unauthorized: (action: string): Outcome => ({error: unauthorized(action)}),
	throttled: (): Outcome => ({error: throttled()}),
	internalError: (): Outcome => ({error: internalError()}),
	/** The request arrives late. */
	slow: (milliseconds: number): Outcome => ({before: milliseconds}),
	/** The work is done at once; the answer comes late. */
	lateAnswer: (milliseconds: number): Outcome => ({after: milliseconds}),
	/** The work is done; nobody hears of it. */
	lostAnswer: (): Outcome => ({answer: 'drop'}),
	/** The work is done; the connection stays open without a word. */
	silentAnswer: (): Outcome => ({answer: 'hang'}),
	/** Nothing is done, and nobody hears of it. */
	lostRequest: (): Outcome => ({idle: true, answer: 'drop'}),
	/** A proxy's page instead of EC2. */
	html: (status = 502): Outcome => ({idle: true, answer: {status, body: html, type: 'text/html'}}),
	/** Not what was agreed on at all. */
	garbage: (): Outcome => ({idle: true, answer: {status: 200, body: '\u0000\u0001<not<xml>>&&', type: 'text/xml'}}),
	/** The work is done, but the answer is torn in the middle. */
	tornAnswer: (): Outcome => ({answer: {status: 200, body: '<?xml version="1.0"?>\n<Response><reserv', type: 'text/xml'}}),
} as const;
