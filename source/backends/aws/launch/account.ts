import {type Account, BackendError, otherAccount} from '../../backend.js';
import {callAws, type RegionAccess} from './region-access.js';

/** An account's twelve digits as an account of the contract. */
export const awsAccount = (id: string): Account => ({id, label: `AWS account ${id}`});

/**
The account that these credentials belong to, as EC2 reports it: the owner of a network's `default` group is always the account itself, also
in a network that another one shares with it. Undefined where the account has no network of its own there.
*/
export async function accountOf(place: RegionAccess): Promise<Account | undefined> {
	const {session, client} = place;
	const command = new session.sdk.DescribeSecurityGroupsCommand({Filters: [{Name: 'group-name', Values: ['default']}]});
	const {SecurityGroups: groups = []} = await callAws(place, 'ec2:DescribeSecurityGroups', async () => client.send(command));
	const owners = new Set(groups.flatMap(({OwnerId: id}) => id ?? []));
	const [owner] = owners;
	return owner === undefined || owners.size > 1 ? undefined : awsAccount(owner);
}

/**
Throws where these credentials are not known to be of `account`: what is not there for them may be there for others. `what` is the subject
of the sentence.
*/
export async function requireAccount(place: RegionAccess, account: Account, what: string): Promise<void> {
	const ours = await accountOf(place);
	if (ours === undefined) {
		throw new BackendError('permission', `${what} is in ${account.label}, and EC2 does not tell which account is set up here`, {
			next: 'Allow ec2:DescribeSecurityGroups for these credentials; the account needs a network of its own in that region.',
		});
	}

	if (ours.id !== account.id) {
		throw otherAccount(what, account, ours);
	}
}
