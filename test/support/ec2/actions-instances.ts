import type {
	CreateTagsRequest,
	DeleteTagsRequest,
	DescribeInstanceAttributeRequest,
	DescribeInstancesRequest,
	GetConsoleOutputRequest,
	ModifyInstanceAttributeRequest,
	RunInstancesRequest,
	StartInstancesRequest,
	StopInstancesRequest,
	TerminateInstancesRequest,
} from '@aws-sdk/client-ec2';
import type {Place} from './actions.js';
import {describeInstance, stateOf} from './describe-instance.js';
import {Ec2Error, invalid} from './errors.js';
import {isVisible, startAgain, stop, terminate} from './life.js';
import {type Instance, type Region, stateCodes, type Tagged} from './records.js';
import {checkQuota, runInstances} from './run-instances.js';
import {addTags, type Aspects, byIds, filtered, type IdKind, page} from './select.js';
import type {Value} from './wire.js';
import type {World} from './world.js';

const kind: IdKind = {prefix: 'i', code: 'InvalidInstanceID', words: 'The instance ID'};

const aspects: Aspects<Instance> = {
	'instance-id': ({id}) => [id],
	'instance-state-name': ({state}) => [state],
	'instance-state-code': ({state}) => [String(stateCodes[state])],
	'client-token': ({clientToken}) => [clientToken],
	'instance-type': ({type}) => [type],
	'instance-lifecycle': ({spotRequest}) => [spotRequest === undefined ? undefined : 'spot'],
	'spot-instance-request-id': ({spotRequest}) => [spotRequest],
	'image-id': ({image}) => [image.id],
	'availability-zone': ({zone}) => [zone],
	'vpc-id': ({subnet}) => [subnet.vpc],
	'subnet-id': ({subnet}) => [subnet.id],
	'instance.group-id': ({groups}) => groups,
	'reservation-id': ({reservation}) => [reservation],
	'key-name': ({keyName}) => [keyName],
};

const visible = (world: World, region: Region): Map<string, Instance> =>
	new Map([...region.instances].filter(([, instance]) => isVisible(world, instance)));

const reservation = (instance: Instance, region: Region) => ({
	ReservationId: instance.reservation,
	OwnerId: region.account,
	Groups: [],
	Instances: [describeInstance(instance, region)],
});

function describe(input: DescribeInstancesRequest, {world, region}: Place): Value {
	const all = visible(world, region);
	const {InstanceIds: ids} = input;
	if (ids && input.MaxResults !== undefined) {
		throw new Ec2Error('InvalidParameterCombination', 'The parameter instancesSet cannot be used with the parameter maxResults');
	}

	const chosen = filtered(ids ? byIds(all, ids, kind) : [...all.values()], input.Filters, aspects);
	const {rows, NextToken} = page(chosen, input);
	return {Reservations: rows.map(each => reservation(each, region)), NextToken};
}

function terminateAll({InstanceIds: ids = []}: TerminateInstancesRequest, {world, region}: Place): Value {
	const instances = byIds(visible(world, region), ids, kind);
	const kept = instances.find(({isProtected}) => isProtected);
	if (kept) {
		throw new Ec2Error(
			'OperationNotPermitted',
			`The instance '${kept.id}' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.`,
		);
	}

	return {
		TerminatingInstances: instances.map(each => changed(each, () => terminate(world, each, 'user', world.now()))),
	};
}

function stopAll({InstanceIds: ids = [], Force, Hibernate, SkipOsShutdown}: StopInstancesRequest, {world, region}: Place): Value {
	if (Force || Hibernate || SkipOsShutdown) {
		throw invalid('This stand-in stops instances in the usual way alone');
	}

	const instances = byIds(visible(world, region), ids, kind);
	for (const {id, state, spotRequest} of instances) {
		if (spotRequest !== undefined) {
			throw new Ec2Error(
				'UnsupportedOperation',
				`You can't stop the Spot Instance '${id}' because it is associated with a one-time Spot Instance request. You can only stop Spot Instances associated with persistent Spot Instance requests.`,
			);
		}

		if (state !== 'running' && state !== 'stopping' && state !== 'stopped') {
			throw new Ec2Error('IncorrectInstanceState', `The instance '${id}' is not in a state from which it can be stopped.`);
		}
	}

	return {StoppingInstances: instances.map(each => changed(each, () => stop(world, each, world.now())))};
}

function startAll({InstanceIds: ids = []}: StartInstancesRequest, {world, region}: Place): Value {
	const instances = byIds(visible(world, region), ids, kind);
	for (const {id, state, type} of instances) {
		if (state !== 'running' && state !== 'pending' && state !== 'stopped') {
			throw new Ec2Error('IncorrectInstanceState', `The instance '${id}' is not in a state from which it can be started.`);
		}

		if (state === 'stopped') {
			checkQuota(world, region, {type, bid: undefined});
		}
	}

	return {StartingInstances: instances.map(each => changed(each, () => startAgain(world, each, world.now())))};
}

function changed(instance: Instance, act: () => void): Value {
	const before = instance.state;
	act();
	return {InstanceId: instance.id, CurrentState: stateOf(instance.state), PreviousState: stateOf(before)};
}

const one = (id: string | undefined, {world, region}: Place): Instance =>
	byIds(visible(world, region), [id ?? ''], kind)[0] as Instance;

function attribute({InstanceId, Attribute}: DescribeInstanceAttributeRequest, place: Place): Value {
	const instance = one(InstanceId, place);
	switch (Attribute) {
		case 'instanceInitiatedShutdownBehavior': {
			return {InstanceId, InstanceInitiatedShutdownBehavior: {Value: instance.behaviour}};
		}

		case 'disableApiTermination': {
			return {InstanceId, DisableApiTermination: {Value: instance.isProtected}};
		}

		case 'userData': {
			const text = instance.userData;
			return {InstanceId, UserData: {Value: text === undefined ? undefined : Buffer.from(text).toString('base64')}};
		}

		default: {
			throw invalid(`This stand-in does not describe the attribute ${Attribute ?? ''}`);
		}
	}
}

function modify(input: ModifyInstanceAttributeRequest, place: Place): Value {
	const instance = one(input.InstanceId, place);
	const {InstanceInitiatedShutdownBehavior: behaviour, DisableApiTermination: isProtected} = input;
	if (behaviour?.Value === 'stop' || behaviour?.Value === 'terminate') {
		instance.behaviour = behaviour.Value;
	} else if (isProtected?.Value !== undefined) {
		instance.isProtected = isProtected.Value;
	} else {
		throw invalid('This stand-in modifies the shutdown behaviour and the protection alone');
	}

	return {};
}

function tagged(id: string, {world, region}: Place): Tagged {
	const maps: Array<ReadonlyMap<string, Tagged>> = [
		...[visible(world, region), region.volumes, region.interfaces, region.spotRequests],
		...[region.vpcs, region.subnets, region.groups, region.keyPairs],
	];
	const found = maps.map(map => map.get(id)).find(each => each !== undefined);
	if (found) {
		return found;
	}

	throw /^i-/.test(id)
		? new Ec2Error('InvalidInstanceID.NotFound', `The instance ID '${id}' does not exist`)
		: new Ec2Error('InvalidID', `The ID '${id}' is not valid`);
}

export const instanceActions = {
	RunInstances: (input: RunInstancesRequest, {world, region}: Place): Value =>
		reservation(runInstances(world, region, input), region),
	DescribeInstances: describe,
	TerminateInstances: terminateAll,
	StopInstances: stopAll,
	StartInstances: startAll,
	DescribeInstanceAttribute: attribute,
	ModifyInstanceAttribute: modify,
	GetConsoleOutput({InstanceId}: GetConsoleOutputRequest, place: Place): Value {
		const {boots, userData} = one(InstanceId, place);
		const text =
			boots === 0
				? undefined
				: `Cloud-init v. 24.1 running 'init', boot ${boots}, ${(userData ?? '').length} characters of user data\n`;
		return {InstanceId, Output: text && Buffer.from(text).toString('base64'), Timestamp: new Date(place.world.now())};
	},
	CreateTags({Resources = [], Tags}: CreateTagsRequest, place: Place): Value {
		for (const record of Resources.map(id => tagged(id, place))) {
			addTags(record.tags, Tags);
		}

		return {};
	},
	DeleteTags({Resources = [], Tags}: DeleteTagsRequest, place: Place): Value {
		for (const {tags} of Resources.map(id => tagged(id, place))) {
			for (const {Key = '', Value} of Tags ?? [...tags.keys()].map(Key => ({Key, Value: undefined}))) {
				if (Value === undefined || tags.get(Key) === Value) {
					tags.delete(Key);
				}
			}
		}

		return {};
	},
};
