import {knownCards} from './nominal.js';

/**
Other names of the same card. Letters' case, spaces and dashes are of no account here, nor are a vendor's name, a size (`80GB`) or a
form (`SXM5`, `PCIe`, `OAM`): those are the same chip with the same memory in another socket, and everyone who lists them together
with `H100` means them by it. What is *not* the same card is not here:

- A10 and A10G (AWS's own, slower in tensor work), T4 and T4g, L40 and L40S, H100 and H100NVL (94 GB), H200 and H200NVL;
- RTX6000 (Turing, 24 GB), A6000 (Ampere), RTX6000Ada and RTXPRO6000 (Blackwell): four generations with one number;
- what is cut down or throttled: RTX4090D, A800, H20, laptops' cards, `Max-Q`.
*/
const sameCard: ReadonlyArray<readonly [name: string, others: readonly string[], why: string]> = [
	['A2000', ['RTXA2000'], 'the full name of the product'],
	['A4000', ['RTXA4000'], 'the full name of the product'],
	['A4500', ['RTXA4500'], 'the full name of the product'],
	['A5000', ['RTXA5000'], 'the full name of the product'],
	['A6000', ['RTXA6000'], 'the full name of the product'],
	['RTX2000Ada', ['RTX2000AdaGeneration', '2000Ada'], 'the full name of the product'],
	[
		'RTX4000Ada',
		['RTX4000AdaGeneration', 'RTX4000SFFAda', 'RTX4000SFFAdaGeneration', '4000Ada'],
		'the full name; SFF is its form',
	],
	['RTX5000Ada', ['RTX5000AdaGeneration', '5000Ada'], 'the full name of the product'],
	['RTX6000Ada', ['RTX6000AdaGeneration', '6000Ada'], 'the full name of the product'],
	['RTX6000', ['QRTX6000'], "Vast.ai's Q is for Quadro"],
	['RTX8000', ['QRTX8000'], "Vast.ai's Q is for Quadro"],
	[
		'RTXPRO6000',
		[
			'RTXPROServer6000',
			'RTXPRO6000Server',
			'RTXPRO6000BlackwellServerEdition',
			'RTXPRO6000BlackwellServer',
			'RTXPRO6000S',
			'RTXPRO6000WS',
			'RTXPRO6000WK',
			'RTXPRO6000BlackwellWorkstationEdition',
			'RTXPRO6000Blackwell',
		],
		'server and workstation editions: one chip, 96 GB and 600 W, another fan',
	],
	['RTXPRO6000MaxQ', ['RTXPRO6000BlackwellMaxQWorkstationEdition'], 'held to 300 W: a card of its own'],
	['RTXPRO4500', ['RTXPROServer4500', 'RTXPRO4500Blackwell', 'RTXPRO4500BlackwellServerEdition'], 'as with the 6000'],
	['H100', ['H100MEGA'], "GCP's a3-mega has more network, not another card"],
	['H100NVL', ['H100NVL94GB'], 'the card is sold with 94 GB only'],
	['B300', ['B300PC', 'B300SXM6AC'], "its form, as Vast.ai and NVIDIA's driver write it"],
	['RTX2060SUPER', ['RTX2060S'], "Vast.ai's S is for SUPER"],
	['RTX2070SUPER', ['RTX2070S'], "Vast.ai's S is for SUPER"],
	['RTX2080SUPER', ['RTX2080S'], "Vast.ai's S is for SUPER"],
	['RTX4070SUPER', ['RTX4070S'], "Vast.ai's S is for SUPER"],
	['RTX4070TiSUPER', ['RTX4070STi', 'RTX4070TiS'], "Vast.ai's S is for SUPER"],
	['RTX4080SUPER', ['RTX4080S'], "Vast.ai's S is for SUPER"],
	['V520', ['RadeonProV520', 'ProV520'], 'the full name of the product'],
];

/** Names that are known, and whose cards are not of nominal.ts because no cloud here says enough of them. */
const alsoKnown = [
	'RTX8000',
	'RTXPRO6000MaxQ',
	'A100X',
	'A800',
	'H20',
	'GB300',
	'M60',
	'P4',
	'P40',
	'K80',
	'V620',
	'V710',
	'MI25',
];

const compact = (text: string): string => text.replace(/[\s_-]+/g, '').toLowerCase();

const names = new Map(
	[...knownCards, ...alsoKnown]
		.map(name => [compact(name), name])
		.concat(sameCard.flatMap(([name, others]) => [name, ...others].map(other => [compact(other), name]))) as Array<
		[string, string]
	>,
);

const vendorWords = /^(?:NVIDIA|AMD|Intel|Google|Habana|Tenstorrent)[\s_-]+/i;
const lineWords = /^(?:Tesla|GeForce|Quadro|Instinct)[\s_-]+/i;
const sizeWords = /[\s_-]+\d+\s?GB?(?=$|[\s_-])/gi;
const formWords = /[\s_-]+(?:SXM\d?|PCIe|OAM|FHHL|HBM\w*)(?=$|[\s_-])/gi;

/** `NVIDIA A100-SXM4-80GB`, `A100 PCIE` and `A100_80G` are an `A100`; what is not known stays as it is written, without spaces. */
export function gpuName(written: string): string {
	const whole = written.trim().replace(vendorWords, '');
	const exact = names.get(compact(whole));
	if (exact !== undefined) {
		return exact;
	}

	const bare = whole.replace(lineWords, '').replace(sizeWords, '').replace(formWords, '');
	return names.get(compact(bare)) ?? bare.replace(/\s+/g, '');
}

const vendors: ReadonlyArray<readonly [RegExp, string]> = [
	[/^(?:MI\d|Radeon|RX\d|V520$|V620$|V710$)/i, 'amd'],
	[/^Gaudi/i, 'intel'],
	[/^(?:tpu|v\d(?:e|p|litepod)?(?:-\d+)?$)/i, 'google'],
	[/^(?:n150|n300|p100a|p150|p300|tt-)/i, 'tenstorrent'],
];

/** Who makes it: as the source says, or else by the card's name. */
export function gpuVendor(name: string, said: string | undefined): string {
	const vendor = said?.trim().toLowerCase() ?? '';
	return vendor === '' ? (vendors.find(([pattern]) => pattern.test(name))?.[1] ?? 'nvidia') : vendor;
}
