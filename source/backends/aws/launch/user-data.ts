import {messageOf} from '../../../system/problem.js';
import {BackendError, type LaunchIntent} from '../../backend.js';
import {guestUserData} from '../../../agents/machine/user-data.js';

/** What sets the instance of an intent up at its first boot: the same text for the same intent. Throws `configuration` for keys that are none. */
export function userDataFor({authorizedKey, hostKey, duration, inactivity, offer}: LaunchIntent): string {
	try {
		return guestUserData({authorizedKey, hostKey, duration, inactivity, spot: offer.spot});
	} catch (error) {
		throw new BackendError('configuration', messageOf(error));
	}
}
