export type Image = {
	readonly id: string;
	readonly name: string;
	readonly description: string;
	readonly owner: string;
	readonly alias: string | undefined;
	readonly architecture: 'x86_64' | 'arm64';
	readonly createdAt: string;
	readonly rootDevice: string;
	/** GiB, the least that its root volume can have. */
	readonly size: number;
	readonly snapshot: string;
};

const canonical = '099720109477';
const deepLearning = '898082745236';

type Entry = Pick<Image, 'name' | 'architecture' | 'size' | 'createdAt'> & {readonly owner: string; readonly alias?: string};

const entries: readonly Entry[] = [
	...['20260815', '20260910'].flatMap(date =>
		(['amd64', 'arm64'] as const).flatMap(architecture =>
			[
				['jammy', '22.04', 'hvm-ssd'],
				['noble', '24.04', 'hvm-ssd-gp3'],
			].map(([code, version, kind]): Entry => ({
				name: `ubuntu/images/${kind}/ubuntu-${code}-${version}-${architecture}-server-${date}`,
				architecture: architecture === 'amd64' ? 'x86_64' : 'arm64',
				size: 8,
				createdAt: `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}T06:51:19.000Z`,
				owner: canonical,
			})),
		),
	),
	...['22.04', '24.04'].flatMap(version =>
		['20260801', '20260905'].flatMap(date =>
			[
				['Deep Learning Base OSS Nvidia Driver GPU AMI', 'x86_64'],
				['Deep Learning ARM64 Base OSS Nvidia Driver GPU AMI', 'arm64'],
			].map(([name, architecture]): Entry => ({
				name: `${name} (Ubuntu ${version}) ${date}`,
				architecture: architecture as Image['architecture'],
				size: 75,
				createdAt: `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}T20:12:04.000Z`,
				owner: deepLearning,
				alias: 'amazon',
			})),
		),
	),
];

const known = new Map<string, readonly Image[]>();

/** The public images of a region: the same names everywhere, with ids of its own. */
export function imagesOf(region: string): readonly Image[] {
	const found = known.get(region);
	if (found) {
		return found;
	}

	const tail = Buffer.from(region).toString('hex').slice(-13).padStart(13, '0');
	const images = entries.map((entry, index): Image => {
		const id = `${tail}${(index + 1).toString(16).padStart(4, '0')}`;
		return {
			...entry,
			id: `ami-${id}`,
			snapshot: `snap-${id}`,
			alias: entry.alias,
			description: entry.owner === canonical ? `Canonical, Ubuntu, ${entry.name.split('/').at(-1)}` : entry.name,
			rootDevice: '/dev/sda1',
		};
	});
	known.set(region, images);
	return images;
}
