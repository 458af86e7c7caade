/** What a price list says of one instance type in one region and market. */
export type OfferFacts = {
	readonly backend: string;
	/** `any` where the price is the same everywhere. */
	readonly region: string;
	readonly zone?: string;
	readonly instanceType: string;
	readonly architecture: 'x86_64' | 'arm64' | 'unknown';
	readonly cpu: number;
	/** MiB. */
	readonly memory: number;
	/** Count below 1 for a part of a card; memory is nominal, MiB, of each. */
	readonly gpu?: {readonly vendor: string; readonly name: string; readonly count: number; readonly memory: number};
	/** MiB. */
	readonly disk?: number;
	readonly spot: boolean;
	/** US dollars per hour. */
	readonly price: number;
	/** Whether the price was worked out from others, and not quoted by the provider. */
	readonly estimated: boolean;
	readonly source: string;
	/** Milliseconds since the epoch. */
	readonly date: number;
	readonly availability: 'available' | 'unknown' | 'unavailable';
	/** How often spot instances of this type are interrupted, as the provider puts it: `<5%`, `>20%`. */
	readonly interruption?: string;
};

/** How often spot instances of a type are interrupted in a region; known for more regions than prices are. */
export type Band = {
	readonly backend: string;
	readonly region: string;
	readonly instanceType: string;
	readonly interruption: string;
};

/** The region of a price that is the same everywhere. */
export const anyRegion = 'any';

/** The note of a spot offer that on-demand beats. */
export const dearSpot = 'On-demand costs no more than this spot price.';

/** How those call their regions whose price lists may name none: a region of another cloud is not one of theirs. */
const regionNames: Readonly<Record<string, RegExp>> = {
	lambda: /^(?:us|europe|asia|me|australia)-[a-z]+-\d$/i,
	runpod: /^(?:ap|ca|eu|eur|oc|sea|us)-[a-z]{2,3}-\d$/i,
};

/**
Whether an offer of a backend may stand in a region that is asked for: it says so, or its price is that of all regions and this is how one
of them is called. Whether it is to be had there, such an offer does not say.
*/
export const mayBeIn = (asked: string, {backend, region}: {readonly backend: string; readonly region: string}): boolean =>
	asked.toLowerCase() === region.toLowerCase() || (region === anyRegion && regionNames[backend]?.test(asked) === true);

const escape = (part: string): string => part.replace(/[%/]/g, character => (character === '%' ? '%25' : '%2F'));
const unescape = (part: string): string => part.replace(/%(25|2F)/g, (_, code: string) => (code === '25' ? '%' : '/'));

type OfferKey = Pick<OfferFacts, 'backend' | 'region' | 'zone' | 'instanceType' | 'spot'>;

/** The id of an offer: the same for the same type, place and market on every listing. `aws/us-east-1/g5.xlarge/spot`. */
export const offerId = ({backend, region, zone, instanceType, spot}: OfferKey): string =>
	[backend, region, ...(zone === undefined ? [] : [zone]), instanceType, spot ? 'spot' : 'on-demand'].map(escape).join('/');

/** The way back from an id; undefined for one that is none of ours. */
export function readOfferId(id: string): OfferKey | undefined {
	const parts = id.split('/').map(unescape);
	const market = parts.at(-1);
	if ((parts.length !== 4 && parts.length !== 5) || (market !== 'spot' && market !== 'on-demand')) {
		return undefined;
	}

	const [backend = '', region = '', third = '', fourth = ''] = parts;
	const place = {backend, region, spot: market === 'spot'};
	return parts.length === 4 ? {...place, instanceType: third} : {...place, zone: third, instanceType: fourth};
}
