import type {Instance as Ec2Instance} from '@aws-sdk/client-ec2';
import {neutraliseLine} from '../../../system/terminal-text.js';
import {hostAddress, readValue, quotedValue} from '../../../system/values.js';
import type {Instance, InstanceState} from '../../backend.js';
import {guestStateFolder, guestUser, guestWorkspace} from '../../../agents/machine/guest-account.js';
import {awsAccount} from './account.js';
import {instanceName, isInstanceId} from './ids.js';
import type {OwnedInstance} from './lookup.js';
import {tagNames, tagValue} from './tags.js';

const states: Readonly<Record<string, InstanceState>> = {
	pending: 'pending',
	running: 'running',
	stopping: 'stopped',
	stopped: 'stopped',
	'shutting-down': 'ending',
	terminated: 'terminated',
};

/** What EC2's own names of reasons mean. */
const reasons: Readonly<Record<string, string>> = {
	'Client.InstanceInitiatedShutdown': 'it shut itself down',
	'Client.UserInitiatedShutdown': 'it was ended through EC2',
	'Server.SpotInstanceTermination': 'EC2 took the spot capacity back',
	'Server.SpotInstanceShutdown': 'EC2 took the spot capacity back',
	'Server.InsufficientInstanceCapacity': 'there was no capacity for it',
	'Server.InternalError': 'EC2 failed to start it',
	'Client.InternalError': 'EC2 could not start it: its volume may be encrypted with a key that these credentials may not use',
	'Client.VolumeLimitExceeded': 'the quota for volumes is used up',
	'Client.InvalidSnapshot.NotFound': 'the snapshot of its image is not there',
	'Server.ScheduledStop': 'EC2 stopped it as scheduled: its host is retired',
};

/** The same of one that is stopped and not ended. */
const stopped = {'Client.UserInitiatedShutdown': 'it was stopped through EC2'};
const stopReasons: Readonly<Record<string, Readonly<Record<string, string>>>> = {stopping: stopped, stopped};

/** EC2's name for why an instance does not run: `Server.SpotInstanceTermination`. */
export const reasonCode = ({StateReason, StateTransitionReason}: Ec2Instance): string | undefined =>
	StateReason?.Code ?? /^((?:Client|Server)\.[\w.]+)/.exec(StateTransitionReason ?? '')?.[1];

function reasonOf(instance: Ec2Instance): string | undefined {
	const code = reasonCode(instance) ?? '';
	const said = instance.StateReason?.Message ?? instance.StateTransitionReason;
	return (
		stopReasons[instance.State?.Name ?? '']?.[code] ?? reasons[code] ?? (said ? neutraliseLine(said).slice(0, 300) : undefined)
	);
}

/** The machine that it is tagged with. */
function machineOf({Tags}: Ec2Instance): Instance['machine'] {
	const id = tagValue(Tags, tagNames.machine);
	return id === undefined ? undefined : {id, name: neutraliseLine(tagValue(Tags, tagNames.machineName) ?? id)};
}

/** An instance as the contract has it, told of at `toldAt` by EC2's clock. With `isPrivate` it is reached at its address within its network. */
export function toInstance(region: string, instance: OwnedInstance, isPrivate: boolean, toldAt: number): Instance {
	const state = states[instance.State?.Name ?? ''] ?? 'pending';
	const told = isPrivate ? instance.PrivateIpAddress : instance.PublicIpAddress;
	const host = readValue(hostAddress, told);
	const deadline = Date.parse(tagValue(instance.Tags, tagNames.deadline) ?? '');
	const runs = state === 'pending' || state === 'running';
	return {
		// What is none of EC2's is none of ours either: with the quotes it is refused at the door.
		id: instanceName(region, isInstanceId(instance.InstanceId) ? instance.InstanceId : quotedValue(instance.InstanceId)),
		intentId: tagValue(instance.Tags, tagNames.intent) ?? instance.ClientToken ?? '',
		run: neutraliseLine(tagValue(instance.Tags, tagNames.run) ?? ''),
		state,
		machine: machineOf(instance),
		account: instance.owner === undefined ? undefined : awsAccount(instance.owner),
		endpoint: runs && host ? {host, port: 22, user: guestUser} : undefined,
		workspace: guestWorkspace,
		stateFolder: guestStateFolder,
		sharesNetwork: false,
		launchedAt: instance.LaunchTime?.getTime() ?? 0,
		offer: {region, instanceType: instance.InstanceType ?? '', spot: instance.InstanceLifecycle === 'spot'},
		toldAt,
		...(Number.isFinite(deadline) && {deadline}),
		...(/^Server\.SpotInstance/.test(reasonCode(instance) ?? '') && {interrupted: true}),
		replaceHostKey: true,
		...(!runs && {reason: reasonOf(instance)}),
		...(runs &&
			told &&
			host === undefined && {refused: [`its address is refused: ${quotedValue(told)} is no ${hostAddress.name}`]}),
	};
}
