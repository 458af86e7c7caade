import {neutraliseLine} from '../system/terminal-text.js';

const makers = /^(?:NVIDIA|AMD|Habana)\s+/i;
const lines = /^(?:Tesla|GeForce|Quadro|Instinct|Radeon(?:\s+Pro)?)\s+/i;
// The same card on another board. `NVL` is another card: it has more memory.
const board = /[-\s](?:SXM\d?|PCIe?|HBM\w*|OAM|FHHL)\b.*$/i;
const size = /[-\s]\d+\s?GB\b.*$/i;
const variants = /\s+(?:Generation|Edition|Server|Blackwell|Workstation)\b/gi;

/** A card's name as the field writes it: `NVIDIA A100-SXM4-80GB` → `A100`, `RTX A6000` → `A6000`, `RTX 6000 Ada` → `RTX6000Ada`. */
export function gpuName(said: string): string {
	const plain = neutraliseLine(said).trim().replace(makers, '').replace(lines, '').replace(board, '').replace(size, '');
	const short = plain
		.replace(variants, '')
		.replace(/^RTX\s+(A\d)/, '$1')
		.replace(/^Gaudi\s+HL-\d+$/, 'Gaudi');
	return short.replace(/\s+/g, '').slice(0, 40);
}

/** `Nvidia` → `nvidia`; the makers that were bought are called by who sells them now. */
export const gpuVendor = (said: string): string => {
	const name = neutraliseLine(said).trim().toLowerCase();
	return (name === 'habana' ? 'intel' : name).slice(0, 20);
};
