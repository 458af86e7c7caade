import type {
	CancelSpotInstanceRequestsRequest,
	DeleteVolumeRequest,
	DescribeSpotInstanceRequestsRequest,
	DescribeVolumesRequest,
} from '@aws-sdk/client-ec2';
import type {Place} from './actions.js';
import {Ec2Error} from './errors.js';
import type {SpotRequest, Volume} from './records.js';
import {type Aspects, byIds, filtered, type IdKind, page, tagsOf} from './select.js';
import type {Value} from './wire.js';

const volumeKind: IdKind = {prefix: 'vol', code: 'InvalidVolume', words: 'The volume'};
const requestKind: IdKind = {prefix: 'sir', code: 'InvalidSpotInstanceRequestID', words: 'The spot instance request ID'};

const volumeState = ({attachment}: Volume): string => (attachment ? 'in-use' : 'available');

const volumeAspects: Aspects<Volume> = {
	'volume-id': ({id}) => [id],
	status: volume => [volumeState(volume)],
	'attachment.instance-id': ({attachment}) => [attachment?.instance],
	'availability-zone': ({zone}) => [zone],
	'volume-type': ({type}) => [type],
};

const requestAspects: Aspects<SpotRequest> = {
	'spot-instance-request-id': ({id}) => [id],
	state: ({state}) => [state],
	'status-code': ({status}) => [status],
	'instance-id': ({instance}) => [instance],
};

const describeVolume = (volume: Volume): Value => ({
	Attachments: volume.attachment
		? [
				{
					AttachTime: new Date(volume.createdAt),
					Device: volume.attachment.device,
					InstanceId: volume.attachment.instance,
					State: 'attached',
					VolumeId: volume.id,
					DeleteOnTermination: volume.attachment.deleteOnTermination,
				},
			]
		: [],
	AvailabilityZone: volume.zone,
	CreateTime: new Date(volume.createdAt),
	Encrypted: volume.encrypted,
	Size: volume.size,
	SnapshotId: volume.snapshot ?? '',
	State: volumeState(volume),
	VolumeId: volume.id,
	Iops: volume.type === 'gp3' ? 3000 : undefined,
	Tags: tagsOf(volume),
	VolumeType: volume.type,
	Throughput: volume.type === 'gp3' ? 125 : undefined,
	MultiAttachEnabled: false,
});

const statusWords: Readonly<Record<string, string>> = {
	fulfilled: 'Your Spot request is fulfilled.',
	'marked-for-termination': 'Your Spot Instance is marked for termination.',
	'instance-terminated-by-user': 'Spot instance terminated due to user-initiated termination.',
	'instance-terminated-no-capacity': 'Your Spot Instance was terminated because there is no available Spot capacity.',
	'request-canceled-and-instance-running': 'Your Spot request was canceled, but the instance is still running.',
};

const describeRequest = (request: SpotRequest): Value => ({
	CreateTime: new Date(request.createdAt),
	InstanceId: request.instance,
	InstanceInterruptionBehavior: 'terminate',
	LaunchSpecification: {
		ImageId: request.imageId,
		InstanceType: request.instanceType,
		Placement: {AvailabilityZone: request.zone},
	},
	LaunchedAvailabilityZone: request.zone,
	ProductDescription: 'Linux/UNIX',
	SpotInstanceRequestId: request.id,
	SpotPrice: request.maxPrice.toFixed(6),
	State: request.state,
	Status: {Code: request.status, Message: statusWords[request.status] ?? '', UpdateTime: new Date(request.statusAt)},
	Tags: tagsOf(request),
	Type: request.type,
});

export const storageActions = {
	DescribeVolumes(input: DescribeVolumesRequest, {region}: Place): Value {
		const chosen = input.VolumeIds ? byIds(region.volumes, input.VolumeIds, volumeKind) : [...region.volumes.values()];
		const {rows, NextToken} = page(filtered(chosen, input.Filters, volumeAspects), input);
		return {Volumes: rows.map(describeVolume), NextToken};
	},
	DeleteVolume({VolumeId: id = ''}: DeleteVolumeRequest, {region}: Place): Value {
		const [volume] = byIds(region.volumes, [id], volumeKind);
		if (volume?.attachment) {
			throw new Ec2Error('VolumeInUse', `Volume ${id} is currently attached to ${volume.attachment.instance}`);
		}

		region.volumes.delete(id);
		return {};
	},
	DescribeSpotInstanceRequests(input: DescribeSpotInstanceRequestsRequest, {region}: Place): Value {
		const {spotRequests} = region;
		const ids = input.SpotInstanceRequestIds;
		const chosen = filtered(
			ids ? byIds(spotRequests, ids, requestKind) : [...spotRequests.values()],
			input.Filters,
			requestAspects,
		);
		const {rows, NextToken} = page(chosen, input);
		return {SpotInstanceRequests: rows.map(describeRequest), NextToken};
	},
	CancelSpotInstanceRequests(input: CancelSpotInstanceRequestsRequest, {world, region}: Place): Value {
		return {
			CancelledSpotInstanceRequests: byIds(region.spotRequests, input.SpotInstanceRequestIds ?? [], requestKind).map(request => {
				// Its instance lives on: that has to be ended by itself.
				if (request.state === 'active') {
					request.state = 'cancelled';
					request.status = 'request-canceled-and-instance-running';
					request.statusAt = world.now();
				}

				return {SpotInstanceRequestId: request.id, State: request.state};
			}),
		};
	},
};
