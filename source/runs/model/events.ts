import {z} from 'zod';
import {consentSchema} from './consent.js';
import {buildPolicies, retryEvents} from '../../configuration/model.js';
import {instanceKinds} from '../../offers/offer.js';
import {stepIds} from '../../environment/step.js';

const at = {at: z.number()};
/** An `Offer`. */
const offer = z.record(z.string(), z.unknown());
const step = z.enum(stepIds);
const port = z.object({
	local: z.number().int(),
	remote: z.number().int(),
	/** The local port that was asked for, where that was taken, and by whom. */
	wanted: z.number().int().optional(),
	holder: z.string().optional(),
	/** The port inside that was asked for, where that was taken in a network that it shares, and by whom. */
	moved: z.object({from: z.number().int(), holder: z.string()}).optional(),
	direct: z.boolean(),
	/** It came while the environment ran. */
	added: z.boolean().optional(),
});

/** Whose an instance is; journals of before have none. */
const account = z.object({id: z.string(), label: z.string()});

const portNumber = z.number().int().min(1).max(65_535);
/** A port of the environment that leads to one of this machine. */
const reverse = z.object({remote: portNumber, local: portNumber});

/** What the run was asked to be: enough to go on after a crash without the files it was read from. */
const specification = z.object({
	intentId: z.string(),
	installation: z.string(),
	/** The machine that it was asked for on; journals of before have none. */
	machine: z.object({id: z.string(), name: z.string()}).optional(),
	/** Absolute folder the code comes from. */
	folder: z.string(),
	/** Where in the uploaded tree that folder lies; '' for its root. */
	subfolder: z.string(),
	configurationFile: z.string(),
	configurationLabel: z.string(),
	profile: z.string().optional(),
	/** A `DevEnvironment`. Values of `env` and registry passwords are not in it: they lie in the run's `secrets.json`. */
	configuration: z.record(z.string(), z.unknown()),
	offer,
	/** The offers that are tried after it, in the plan's order. */
	others: z.array(offer).default([]),
	ports: z.array(port),
	reverse: z.array(reverse).default([]),
	shmSize: z.number().optional(),
	/** MiB. */
	disk: z.number().optional(),
	/** Seconds from launch to the deadline; null for none. */
	duration: z.number().nullable(),
	/** Seconds without a connection of the person's own after which it ends itself; null for never. */
	inactivity: z.number().nullable().default(null),
	/** US dollars per hour. */
	maxPrice: z.number().optional(),
	/** How long it is tried again where that helps, in seconds, and after what; null for not at all. */
	retry: z
		.object({limit: z.number(), on: z.array(z.enum(retryEvents))})
		.nullable()
		.default(null),
	/** Dearer offers within `maxPrice` need no question. */
	agreed: z.boolean().default(false),
	tags: z.record(z.string(), z.string()).default({}),
	/** Whether the person vouched for the folder that the code comes from. */
	trusted: z.boolean().optional(),
	/** What the build commands' image may come from. */
	build: z.enum(buildPolicies).default('use'),
	/** The least isolation that the plan showed, and that was agreed to. */
	isolation: z.enum(instanceKinds).optional(),
	/** Whether the person's SSH agent is lent to sessions. */
	forwardAgent: z.boolean().default(false),
});

/** One line of a run's journal. Written and synced before the act that it announces. Milliseconds since the epoch in `at`. */
export const eventSchema = z.discriminatedUnion('type', [
	z.object({type: z.literal('intended'), ...at, specification}),
	/** An attempt begins. The same token as before repeats a request whose answer was not heard; `offer` and `duration` as they were then. */
	z.object({
		type: z.literal('requested'),
		...at,
		intentId: z.string(),
		offer: offer.optional(),
		/** Seconds from this launch to the deadline; null for none. */
		duration: z.number().nullable().optional(),
		/** Where it is asked for, as things are set up then. */
		account: account.optional(),
	}),
	z.object({
		type: z.literal('created'),
		...at,
		instanceId: z.string(),
		workspace: z.string(),
		stateFolder: z.string(),
		sharesNetwork: z.boolean(),
		launchedAt: z.number(),
		/** It has a clock and a guard of its own, a lease to be lifted, and a host key to be replaced. */
		guarded: z.boolean().optional(),
		/** Where it is, as the cloud says. */
		account: account.optional(),
	}),
	/** The attempt is over, and it is certain that it left no instance. */
	z.object({
		type: z.literal('attempt-failed'),
		...at,
		errorClass: z.string(),
		message: z.string(),
		next: z.string().optional(),
		/** Zones that the refusal named as having capacity. */
		zones: z.array(z.string()).optional(),
	}),
	/** The next offer is so much dearer than the agreed one that the person is asked first. */
	z.object({type: z.literal('asking'), ...at, offer, agreedPrice: z.number()}),
	/** The answer: up to this price, US dollars an hour, nobody need ask again. */
	z.object({type: z.literal('agreed'), ...at, price: z.number()}),
	/** Nothing could be had now; all offers are tried again at `until`. */
	z.object({type: z.literal('waiting'), ...at, until: z.number(), reason: z.string()}),
	/** The instance has certainly ended, and the run goes on with another. */
	z.object({type: z.literal('instance-lost'), ...at, reason: z.string(), interrupted: z.boolean()}),
	/** The provider is about to take the capacity of a spot instance back, at `time`. */
	/**
	What the environment of this attempt starts from: an image, none for a host process. With `build`, the image that the build commands make
	has this key and place; while it is `due`, `image` is the one that they start from.
	*/
	z.object({
		type: z.literal('image-chosen'),
		...at,
		image: z.string().optional(),
		build: z
			.object({key: z.string(), reference: z.string(), due: z.boolean(), labels: z.record(z.string(), z.string())})
			.optional(),
		why: z.array(z.string()),
	}),
	/** The environment has its own SSH server. */
	z.object({type: z.literal('opened'), ...at}),
	z.object({type: z.literal('spot-notice'), ...at, action: z.string(), time: z.number()}),
	/** Nothing was heard of the guard of a machine that should long have been reached. */
	z.object({type: z.literal('guard-unheard'), ...at}),
	z.object({type: z.literal('lease-lifted'), ...at}),
	/** A machine of a cloud was stopped, and not terminated: its disk is billed. `start` is the command that starts it again. */
	z.object({type: z.literal('halted'), ...at, reason: z.string(), start: z.string().optional()}),
	/** It runs again. */
	z.object({type: z.literal('resumed'), ...at}),
	/** The cloud is about to be asked to start it: it is billed from now on, whether or not the answer is heard. */
	z.object({type: z.literal('start-requested'), ...at}),
	z.object({type: z.literal('host-key-replaced'), ...at}),
	z.object({type: z.literal('address'), ...at, host: z.string(), port: z.number().int(), user: z.string()}),
	z.object({type: z.literal('reachable'), ...at}),
	z.object({type: z.literal('step-started'), ...at, step, title: z.string()}),
	/** `share` from 0 to 1, where it is known how much there is. */
	z.object({type: z.literal('step-progress'), ...at, step, text: z.string(), share: z.number().optional()}),
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
	/** `remote` is the same moment by the instance's own clock, seconds since the epoch. */
	z.object({
		type: z.literal('deadline-set'),
		...at,
		deadline: z.number().nullable(),
		remote: z.number().optional(),
		/** The request of another program that this fulfils. */
		request: z.string().optional(),
	}),
	/** A port came while the environment ran; `process` is what listens there, where it was noticed and nobody asked. */
	z.object({
		type: z.literal('port-opened'),
		...at,
		port,
		holder: z.string().optional(),
		noticed: z.boolean().optional(),
		process: z.string().optional(),
	}),
	z.object({type: z.literal('port-closed'), ...at, local: portNumber}),
	/** A port had to be bound elsewhere than it was before: `holder` has that one now. */
	z.object({type: z.literal('port-moved'), ...at, from: portNumber, local: portNumber, holder: z.string().optional()}),
	z.object({type: z.literal('reverse-opened'), ...at, ...reverse.shape}),
	z.object({type: z.literal('reverse-closed'), ...at, remote: portNumber}),
	/** Something started to listen there, and leads nowhere yet. Told, never written: what listens can change every few seconds. */
	z.object({type: z.literal('port-offered'), ...at, remote: portNumber, process: z.string().optional()}),
	/** The ports that are no news when they listen there. */
	z.object({type: z.literal('ports-known'), ...at, ports: z.array(portNumber)}),
	z.object({type: z.literal('interrupted'), ...at, reason: z.string()}),
	/** `consent` is what may be lost with it; ends of before have none. */
	z.object({type: z.literal('stopping'), ...at, reason: z.string(), consent: consentSchema.optional()}),
	/** The end did not come about, and is not wanted any more: there is work that may not be lost with it. */
	z.object({type: z.literal('stop-withdrawn'), ...at, message: z.string()}),
	/** The end could not be confirmed: it is tried again, and a person can do it with `command`. */
	z.object({
		type: z.literal('stop-failed'),
		...at,
		message: z.string(),
		command: z.string().optional(),
		console: z.string().optional(),
	}),
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
export type ReversePort = z.infer<typeof reverse>;
