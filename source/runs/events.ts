import {z} from 'zod';
import {stepIds} from '../environment/step.js';

const at = {at: z.number()};
const step = z.enum(stepIds);
const port = z.object({
	local: z.number().int(),
	remote: z.number().int(),
	wanted: z.number().int().optional(),
	direct: z.boolean(),
});

/** What the run was asked to be: enough to go on after a crash without the files it was read from. */
const specification = z.object({
	intentId: z.string(),
	installation: z.string(),
	/** Absolute folder the code comes from. */
	folder: z.string(),
	/** Where in the uploaded tree that folder lies; '' for its root. */
	subfolder: z.string(),
	configurationFile: z.string(),
	configurationLabel: z.string(),
	profile: z.string().optional(),
	/** A `DevEnvironment`. Values of `env` and registry passwords are not in it: they lie in the run's `secrets.json`. */
	configuration: z.record(z.string(), z.unknown()),
	offer: z.record(z.string(), z.unknown()),
	ports: z.array(port),
	shmSize: z.number().optional(),
	/** Seconds from launch to the deadline; null for none. */
	duration: z.number().nullable(),
});

/** One line of a run's journal. Written and synced before the act that it announces. Milliseconds since the epoch in `at`. */
export const eventSchema = z.discriminatedUnion('type', [
	z.object({type: z.literal('intended'), ...at, specification}),
	z.object({type: z.literal('requested'), ...at, intentId: z.string()}),
	z.object({
		type: z.literal('created'),
		...at,
		instanceId: z.string(),
		workspace: z.string(),
		stateFolder: z.string(),
		sharesNetwork: z.boolean(),
		launchedAt: z.number(),
	}),
	z.object({type: z.literal('attempt-failed'), ...at, errorClass: z.string(), message: z.string(), next: z.string().optional()}),
	z.object({type: z.literal('address'), ...at, host: z.string(), port: z.number().int(), user: z.string()}),
	z.object({type: z.literal('reachable'), ...at}),
	z.object({type: z.literal('step-started'), ...at, step, title: z.string()}),
	z.object({type: z.literal('step-progress'), ...at, step, text: z.string()}),
	z.object({type: z.literal('step-done'), ...at, step, note: z.string().optional(), warning: z.boolean().optional()}),
	z.object({
		type: z.literal('step-failed'),
		...at,
		step,
		message: z.string(),
		command: z.string().optional(),
		code: z.number().int().optional(),
		lastLines: z.array(z.string()),
		next: z.string().optional(),
	}),
	z.object({type: z.literal('ready'), ...at}),
	z.object({type: z.literal('tunnel-up'), ...at}),
	z.object({type: z.literal('tunnel-down'), ...at, reason: z.string()}),
	z.object({type: z.literal('deadline-set'), ...at, deadline: z.number().nullable()}),
	z.object({type: z.literal('interrupted'), ...at, reason: z.string()}),
	z.object({type: z.literal('stopping'), ...at, reason: z.string()}),
	/** With `kept`: the instance has ended by itself, and what it holds is still there. */
	z.object({
		type: z.literal('gone'),
		...at,
		reason: z.string(),
		kept: z.boolean().optional(),
		/** Where what it kept is found, and the command that copies it out. */
		work: z.object({place: z.string(), command: z.string().optional()}).optional(),
	}),
]);

export type RunEvent = z.infer<typeof eventSchema>;
/** Without the time, which the record adds. */
export type NewEvent = RunEvent extends infer Each ? (Each extends RunEvent ? Omit<Each, 'at'> : never) : never;
export type RunSpecification = z.infer<typeof specification>;
export type PortForward = z.infer<typeof port>;
