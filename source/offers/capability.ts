/** NVIDIA's compute capabilities, and the cards that have them. */
const capabilities: Readonly<Record<string, string>> = {
	'6.0': 'P100',
	'7.0': 'V100',
	'7.5': 'RTX2060 RTX2060SUPER RTX2070 RTX2070SUPER RTX2080 RTX2080SUPER RTX2080Ti RTX6000 T4 T4g',
	'8.0': 'A100',
	'8.6':
		'A10 A16 A40 A10G A4000 A4500 A5000 A6000 RTX3050 RTX3060 RTX3060Ti RTX3070 RTX3070Ti RTX3080 RTX3080Ti RTX3090 RTX3090Ti',
	'8.9':
		'L4 L40 L40S RTX4060 RTX4060Ti RTX4070 RTX4070SUPER RTX4070Ti RTX4070TiSUPER RTX4080 RTX4080SUPER RTX4090 RTX2000Ada RTX4000Ada RTX6000Ada',
	'9.0': 'H100 H100NVL H200 H200NVL GH200',
	'10.0': 'B200 GB200 B300',
	'12.0': 'RTX5060 RTX5060Ti RTX5070 RTX5070Ti RTX5080 RTX5090 RTXPRO4500 RTXPRO6000',
};

const byName = new Map(
	Object.entries(capabilities).flatMap(([capability, names]) =>
		names.split(' ').map(name => [name.toLowerCase(), Number(capability)]),
	),
);

/** The compute capability of a card by its name; undefined where it has none or is not known. */
export const capabilityOf = (name: string): number | undefined => byName.get(name.toLowerCase());
