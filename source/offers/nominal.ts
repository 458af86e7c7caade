/** What each card is sold with, GB. Several where one name is sold in several sizes. */
const sizesByCard: Readonly<Record<string, readonly number[]>> = {
	A10: [24],
	A16: [16],
	A40: [48],
	A100: [40, 80],
	A10G: [24],
	A2000: [6, 12],
	A4000: [16],
	A4500: [20],
	A5000: [24],
	A6000: [48],
	B200: [180],
	B300: [270],
	GB200: [186],
	GH200: [96],
	H100: [80],
	H100NVL: [94],
	H200: [141],
	H200NVL: [141],
	L4: [24],
	L40: [48],
	L40S: [48],
	P100: [16],
	RTX2000Ada: [16],
	RTX4000Ada: [20],
	RTX5000Ada: [32],
	RTX6000: [24],
	RTX6000Ada: [48],
	RTXPRO4500: [32],
	RTXPRO6000: [96],
	RTX2060: [6, 12],
	RTX2060SUPER: [8],
	RTX2070: [8],
	RTX2070SUPER: [8],
	RTX2080: [8],
	RTX2080SUPER: [8],
	RTX2080Ti: [11],
	RTX3050: [6, 8],
	RTX3060: [8, 12],
	RTX3060Ti: [8],
	RTX3070: [8],
	RTX3070Ti: [8],
	RTX3080: [10, 12],
	RTX3080Ti: [12],
	RTX3090: [24],
	RTX3090Ti: [24],
	RTX4060: [8],
	RTX4060Ti: [8, 16],
	RTX4070: [12],
	RTX4070SUPER: [12],
	RTX4070Ti: [12],
	RTX4070TiSUPER: [16],
	RTX4080: [16],
	RTX4080SUPER: [16],
	RTX4090: [24],
	RTX5060: [8],
	RTX5060Ti: [8, 16],
	RTX5070: [12],
	RTX5070Ti: [16],
	RTX5080: [16],
	RTX5090: [32],
	T4: [16],
	T4g: [16],
	V100: [16, 32],
	MI100: [32],
	MI210: [64],
	MI250: [128],
	MI250X: [128],
	MI300A: [128],
	MI300X: [192],
	MI308X: [128],
	MI325X: [256, 288],
	V520: [8],
	Gaudi: [32],
	Gaudi2: [96],
	Gaudi3: [128],
	n150: [12],
	n300: [24],
	'tt-galaxy-wh': [12],
	p100a: [28],
	p150: [32],
	p300: [32, 64],
	'tt-galaxy-bh': [32],
};

const anyCard = [2, 4, 6, 8, 10, 11, 12, 16, 20, 22, 24, 32, 40, 48, 64, 80, 94, 96, 128, 141, 144, 180, 192, 256, 288];

export const knownCards: readonly string[] = Object.keys(sizesByCard);

/** The sizes in which a card is sold, GB; empty where it is not a known one. */
export const cardSizes = (name: string): readonly number[] => sizesByCard[name] ?? [];

/** Drivers and clouds report less than is printed on the box, and hardly ever more. */
const isMeant = (size: number, gigabytes: number): boolean => size >= gigabytes * 0.98 && size <= gigabytes * 1.12;

/** The size in which the card of this name is sold that the reported memory means, MiB; undefined where it is none of them. */
export function knownMemory(reported: number, name: string): number | undefined {
	const size = cardSizes(name).find(each => isMeant(each, reported / 1024));
	return size === undefined ? undefined : size * 1024;
}

/**
The size on the box for the memory that a driver or a cloud reports: an L4 with 22,888 MiB is one of 24 GB. Both MiB.
The card's name, where it is given, decides between sizes that are close: 275,040 MiB of a B300 are 270 GB.
*/
export function nominalMemory(reported: number, name?: string): number {
	const known = name === undefined ? undefined : knownMemory(reported, name);
	if (known !== undefined) {
		return known;
	}

	const gigabytes = reported / 1024;
	const nominal = anyCard.find(size => size >= gigabytes * 0.995 && size <= gigabytes * 1.12);
	return nominal === undefined ? Math.round(reported) : nominal * 1024;
}
