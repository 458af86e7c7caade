import type {DescribeImagesRequest, Image as Ec2Image} from '@aws-sdk/client-ec2';
import type {Offer} from '../../../offers/offer.js';
import {BackendError} from '../../backend.js';
import type {AwsLaunchSettings} from '../../settings/index.js';
import {callAws, type RegionAccess} from './region-access.js';

export type Image = {
	readonly id: string;
	readonly name: string;
	/** `/dev/sda1` */
	readonly rootDevice: string;
	/** GiB, the least that its root volume can have. */
	readonly size: number;
};

/** `nvidia_old` for cards that the open driver does not serve. */
export type ImageKind = 'x86_64' | 'arm64' | 'nvidia' | 'nvidia_arm64' | 'nvidia_old';

export function imageKind({architecture, gpus, instanceType}: Offer): ImageKind {
	const isArm = architecture === 'arm64';
	if (!gpus.some(({vendor}) => vendor === 'nvidia')) {
		return isArm ? 'arm64' : 'x86_64';
	}

	return isArm ? 'nvidia_arm64' : /^(?:p2|p3|p3dn|g3|g3s)\./.test(instanceType) ? 'nvidia_old' : 'nvidia';
}

/** Names in the order of preference; the newest image of the first that there is counts. */
type Choice = {readonly owner: string; readonly names: readonly string[]};

const canonical = '099720109477';
const ubuntu = (architecture: string): Choice => ({
	owner: canonical,
	names: [
		`ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-${architecture}-server-*`,
		`ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-${architecture}-server-*`,
	],
});
const deepLearning = (name: string): Choice => ({
	owner: 'amazon',
	names: ['24.04', '22.04'].map(version => `Deep Learning ${name} Driver GPU AMI (Ubuntu ${version}) *`),
});

const usual: Readonly<Record<ImageKind, Choice>> = {
	x86_64: ubuntu('amd64'),
	arm64: ubuntu('arm64'),
	nvidia: deepLearning('Base OSS Nvidia'),
	nvidia_arm64: deepLearning('ARM64 Base OSS Nvidia'),
	nvidia_old: deepLearning('Base Proprietary Nvidia'),
};

type Question = {readonly request: DescribeImagesRequest; readonly names: readonly string[]; readonly what: string};

function questionFor(kind: ImageKind, region: string, {ami, os_images: named}: AwsLaunchSettings): Question {
	const ofRegion = ami?.[region];
	const id = typeof ofRegion === 'string' ? ofRegion : ofRegion?.[kind === 'nvidia_old' ? 'nvidia' : kind];
	if (id !== undefined) {
		return {request: {ImageIds: [id]}, names: [], what: `no image ${id}`};
	}

	const own = kind.startsWith('nvidia') ? named?.nvidia : named?.cpu;
	const {owner, names} = own ? {owner: own.owner ?? 'self', names: [own.name]} : usual[kind];
	return {
		request: {
			Owners: [owner],
			Filters: [
				{Name: 'name', Values: [...names]},
				{Name: 'architecture', Values: [kind.includes('arm64') ? 'arm64' : 'x86_64']},
				{Name: 'state', Values: ['available']},
				{Name: 'root-device-type', Values: ['ebs']},
				{Name: 'virtualization-type', Values: ['hvm']},
			],
		},
		names,
		what: `no image ${names.join(' or ')} of ${owner}`,
	};
}

/** Undefined where an image is not there any more. */
type OnLearn = (key: string, image: Image | undefined) => void;

/**
Which images instances are started from. What was found once stays the same for the life of the program: the same launch, repeated, asks
for the same instance. `known` is what was found before, and `onLearn` is told what is found now, as this may be in a process that ends.
*/
export class ImageBook {
	readonly #known: Map<string, Image>;
	readonly #onLearn: OnLearn;

	constructor(known: ReadonlyMap<string, Image> = new Map(), onLearn: OnLearn = () => undefined) {
		this.#known = new Map(known);
		this.#onLearn = onLearn;
	}

	/** Throws a `configuration` error where there is none. */
	async find(place: RegionAccess, offer: Offer, settings: AwsLaunchSettings, signal: AbortSignal): Promise<Image> {
		const {request, names, what} = questionFor(imageKind(offer), place.region, settings);
		const key = `${place.region} ${JSON.stringify(request)}`;
		const known = this.#known.get(key);
		if (known) {
			return known;
		}

		const command = new place.session.sdk.DescribeImagesCommand(request);
		const {Images: found = []} = await callAws(
			place,
			'ec2:DescribeImages',
			async () => place.client.send(command, {abortSignal: signal}),
			signal,
		);
		const image = newest(found, names);
		if (!image) {
			throw new BackendError('configuration', `${place.region} has ${what}`, {
				next: `Name an image in backends.yml: \`ami: {${place.region}: ami-…}\`, or os_images.`,
			});
		}

		this.#known.set(key, image);
		this.#onLearn(key, image);
		return image;
	}

	/** After a refusal that says that an image is not there any more. */
	forget(id: string): void {
		for (const [key, image] of this.#known) {
			if (image.id === id) {
				this.#known.delete(key);
				this.#onLearn(key, undefined);
			}
		}
	}
}

function newest(found: readonly Ec2Image[], names: readonly string[]): Image | undefined {
	const rank = ({Name: name = ''}: Ec2Image): number => names.findIndex(pattern => matches(name, pattern));
	const [first] = [...found].sort(
		(a, b) =>
			rank(a) - rank(b) ||
			(b.CreationDate ?? '').localeCompare(a.CreationDate ?? '') ||
			(a.ImageId ?? '').localeCompare(b.ImageId ?? ''),
	);
	if (!first?.ImageId || !first.RootDeviceName) {
		return undefined;
	}

	const root = first.BlockDeviceMappings?.find(({DeviceName}) => DeviceName === first.RootDeviceName);
	return {
		id: first.ImageId,
		name: first.Name ?? first.ImageId,
		rootDevice: first.RootDeviceName,
		size: root?.Ebs?.VolumeSize ?? 8,
	};
}

/** EC2's patterns: `*` for any characters, `?` for one. */
const matches = (name: string, pattern: string): boolean =>
	new RegExp(
		`^${pattern
			.replace(/[.+^${}()|[\]\\]/g, '\\$&')
			.replaceAll('*', '.*')
			.replaceAll('?', '.')}$`,
		's',
	).test(name);
