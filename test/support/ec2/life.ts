import type {Guest} from './guests.js';
import type {Instance, InstanceState, Reason} from './records.js';
import type {World} from './world.js';

const reasons = {
	user: {code: 'Client.UserInitiatedShutdown', message: 'Client.UserInitiatedShutdown: User initiated shutdown'},
	guest: {code: 'Client.InstanceInitiatedShutdown', message: 'Client.InstanceInitiatedShutdown: Instance initiated shutdown'},
	spot: {code: 'Server.SpotInstanceTermination', message: 'Server.SpotInstanceTermination: Spot instance termination'},
	broken: {code: 'Server.InternalError', message: 'Server.InternalError: Internal error on launch'},
} satisfies Record<string, Reason>;

const notice = 2 * 60_000;

export function enter(instance: Instance, state: InstanceState, at: number): void {
	instance.state = state;
	(instance.history as Array<{state: InstanceState; at: number}>).push({state, at});
}

/** From `pending` on: boots its machine or its simulated guest. */
export function start(world: World, instance: Instance): void {
	const ready = instance.launchTime + world.delays.boot;
	const publicIp = instance.isPublic ? publicAddress(instance) : undefined;
	if (!world.machines) {
		world.agenda.at(ready, at => run(world, instance, publicIp, at));
		return;
	}

	const {machines} = world;
	world.track(
		machines
			.boot({
				instanceId: instance.id,
				userData: instance.userData,
				instanceType: instance.type,
				region: instance.region,
				zone: instance.zone,
				onPowerOff: () => powerOff(world, instance, world.now()),
				notice: () => instance.notice,
			})
			.then(
				async machine => {
					instance.machine = machine;
					if (instance.state === 'pending') {
						world.agenda.at(Math.max(ready, world.now()), at => run(world, instance, machine.address, at));
					} else {
						// Its end was asked for while it booted.
						await machine.destroy();
						finish(world, instance, world.now());
					}
				},
				(error: unknown) => {
					instance.reason = reasons.broken;
					enter(instance, 'shutting-down', world.now());
					finish(world, instance, world.now());
					throw error;
				},
			),
	);
}

function run(world: World, instance: Instance, address: string | undefined, at: number): void {
	if (instance.state !== 'pending') {
		return;
	}

	instance.publicIp = address;
	enter(instance, 'running', at);
	boot(world, instance, at);
}

function boot(world: World, instance: Instance, bootedAt: number): void {
	instance.boots++;
	if (world.machines) {
		return;
	}

	const {boots} = instance;
	const plan = (time: number, act: (time: number) => void): (() => void) =>
		world.agenda.at(time, at => {
			if (instance.state === 'running' && instance.boots === boots) {
				act(at);
			}
		});
	const guest: Guest = {
		instanceId: instance.id,
		userData: instance.userData,
		bootedAt,
		boot: boots,
		tags: instance.tags,
		now: () => world.now(),
		at: plan,
		powerOff: time => soon(time, at => powerOff(world, instance, at)),
		reboot: time => soon(time, at => boot(world, instance, at)),
		notice: () => instance.notice,
	};
	const soon = (time: number | undefined, act: (time: number) => void): (() => void) => plan(time ?? bootedAt, act);
	world.guest?.(guest);
}

/** What a guest's own `poweroff` does: ends the instance, or stops it. */
export function powerOff(world: World, instance: Instance, at: number): void {
	if (instance.state !== 'running' && instance.state !== 'pending') {
		return;
	}

	// A one-time spot request has nothing to start it again with.
	if (instance.behaviour === 'terminate' || instance.spotRequest !== undefined) {
		terminate(world, instance, 'guest', at);
		return;
	}

	instance.reason = reasons.guest;
	enter(instance, 'stopping', at);
	world.agenda.at(at + world.delays.end, later => stand(instance, later));
}

function stand(instance: Instance, at: number): void {
	if (instance.state === 'stopping') {
		instance.publicIp = undefined;
		enter(instance, 'stopped', at);
	}
}

/** What `StopInstances` does: the guest is shut down, its public address is given back, and its disk stays. */
export function stop(world: World, instance: Instance, at: number): void {
	if (instance.state !== 'running') {
		return;
	}

	instance.reason = reasons.user;
	instance.transition = userInitiated(at);
	enter(instance, 'stopping', at);
	if (instance.machine) {
		world.track(instance.machine.stop().then(() => stand(instance, world.now())));
	} else {
		world.agenda.at(at + world.delays.end, later => stand(instance, later));
	}
}

/** What `StartInstances` does with one that is stopped: it boots from the disk that it had, at another public address. */
export function startAgain(world: World, instance: Instance, at: number): void {
	if (instance.state !== 'stopped') {
		return;
	}

	const {machine} = instance;
	instance.launchTime = at;
	instance.reason = undefined;
	instance.transition = '';
	enter(instance, 'pending', at);
	if (!machine) {
		start(world, instance);
		return;
	}

	world.track(
		machine.start().then(address => {
			world.agenda.at(Math.max(at + world.delays.boot, world.now()), later => run(world, instance, address, later));
		}),
	);
}

const userInitiated = (at: number): string => `User initiated (${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} GMT)`;

/** Ends an instance; one that is ending already stays as it is. */
export function terminate(world: World, instance: Instance, by: 'user' | 'guest' | 'spot', at: number): void {
	if (instance.state === 'shutting-down' || instance.state === 'terminated') {
		return;
	}

	const wasBooting = instance.state === 'pending';
	instance.reason = reasons[by];
	instance.transition = by === 'user' ? userInitiated(at) : reasons[by].code;
	enter(instance, 'shutting-down', at);
	closeRequest(world, instance, by, at);
	if (!world.machines) {
		world.agenda.at(at + world.delays.end, later => finish(world, instance, later));
	} else if (instance.machine) {
		const {machine} = instance;
		world.track(machine.destroy().then(() => finish(world, instance, world.now())));
	} else if (!wasBooting) {
		finish(world, instance, at);
	}
}

function finish(world: World, instance: Instance, at: number): void {
	if (instance.state === 'terminated') {
		return;
	}

	enter(instance, 'terminated', at);
	instance.publicIp = undefined;
	const region = world.region(instance.account, instance.region);
	for (const map of [region.volumes, region.interfaces]) {
		for (const each of [...map.values()].filter(({attachment}) => attachment?.instance === instance.id)) {
			if (each.attachment?.deleteOnTermination && !world.leaveOrphans) {
				map.delete(each.id);
			} else {
				each.attachment = undefined;
			}
		}
	}
}

function closeRequest(world: World, instance: Instance, by: 'user' | 'guest' | 'spot', at: number): void {
	const request = world.region(instance.account, instance.region).spotRequests.get(instance.spotRequest ?? '');
	if (request && request.state !== 'closed') {
		request.state = request.state === 'cancelled' ? 'cancelled' : 'closed';
		request.status = by === 'spot' ? 'instance-terminated-no-capacity' : 'instance-terminated-by-user';
		request.statusAt = at;
	}
}

/** AWS takes a spot instance back: its metadata say so at once, and two minutes later it is gone. */
export function interrupt(world: World, instance: Instance, at = world.now()): void {
	if (instance.spotRequest === undefined) {
		throw new Error(`${instance.id} is no spot instance`);
	}

	if (instance.notice || instance.state === 'shutting-down' || instance.state === 'terminated') {
		return;
	}

	instance.notice = {action: 'terminate', time: new Date(at + notice).toISOString().replace(/\.\d+Z$/, 'Z')};
	const request = world.region(instance.account, instance.region).spotRequests.get(instance.spotRequest);
	if (request) {
		request.status = 'marked-for-termination';
		request.statusAt = at;
	}

	world.agenda.at(at + notice, later => terminate(world, instance, 'spot', later));
}

/** One of those that are kept for documentation; another one each time that it is started. */
function publicAddress({id, boots}: Instance): string {
	const number = Number.parseInt(id.slice(-4), 16) + 40 * boots;
	return number < 254 ? `203.0.113.${number + 1}` : `198.51.${100 + ((number >> 8) % 100)}.${number & 0xff}`;
}

/** Whether EC2 still (or already) shows it. */
export function isVisible(world: World, {state, history}: Instance): boolean {
	const now = world.now();
	const ended = state === 'terminated' ? (history.at(-1)?.at ?? now) : now;
	return (history[0]?.at ?? now) + world.delays.visible <= now && now < ended + 3_600_000;
}
