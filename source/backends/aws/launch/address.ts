import {isIPv4} from 'node:net';
import {messageOf} from '../../../system/problem.js';
import {createHttp} from '../../../system/http.js';
import type {AwsLaunchSettings} from '../../settings/index.js';

/** From where SSH is let in, as ranges; where that is everywhere because nothing better is known, `note` says why. */
export type AllowedRanges = {readonly ranges: readonly string[]; readonly note: string | undefined};

export const everywhere = '0.0.0.0/0';

const usualService = 'https://checkip.amazonaws.com';
const limit = 3000;

/** The ranges of the settings, else this machine's own public address. Asks nobody but AWS, and for 3 s at most. */
export async function findAllowedRanges(
	{ssh_from: ranges, checkip}: AwsLaunchSettings,
	signal: AbortSignal,
): Promise<AllowedRanges> {
	if (ranges) {
		return {ranges, note: undefined};
	}

	const url = checkip ?? usualService;
	const host = new URL(url).host;
	try {
		const {body} = await createHttp().text({
			url,
			limits: {answer: limit, idle: limit, whole: limit, size: 1024},
			retry: {tries: 1},
			follow: false,
			signal,
		});
		const address = body?.trim() ?? '';
		return isPublic(address) ? {ranges: [`${address}/32`], note: undefined} : unknown(`${host} answers with no public address`);
	} catch (error) {
		signal.throwIfAborted();
		return unknown(messageOf(error));
	}
}

const unknown = (why: string): AllowedRanges => ({
	ranges: [everywhere],
	note: `SSH is open to the whole internet, for the one key of the run: this machine's public address is not known (${why}); name ranges in backends.yml: ssh_from.`,
});

/** Behind a proxy of one's own network, an address of that network might be told. */
const isPublic = (address: string): boolean =>
	isIPv4(address) && !/^(?:0|10|127|169\.254|192\.168|172\.(?:1[6-9]|2\d|3[01])|2[2-5]\d)\./.test(address);
