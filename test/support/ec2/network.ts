import type {Region} from './records.js';

/** A region's network as a new account has it: a default VPC with a public subnet in every zone, and its default group. */
export function addDefaultVpc(region: Region, newId: (prefix: string) => string): void {
	const vpc = {id: newId('vpc'), tags: new Map<string, string>(), cidr: '172.31.0.0/16', isDefault: true};
	region.vpcs.set(vpc.id, vpc);
	for (const [index, zone] of region.zones.entries()) {
		const id = newId('subnet');
		region.subnets.set(id, {
			...{id, tags: new Map(), vpc: vpc.id, zone, cidr: `172.31.${index * 16}.0/20`},
			...{isDefault: true, isPublic: true},
		});
	}

	addGroup(region, newId, vpc.id, 'default', 'default VPC security group');
}

/** A security group that lets nothing in. */
export function addGroup(
	region: Region,
	newId: (prefix: string) => string,
	vpc: string,
	name: string,
	description: string,
): string {
	const id = newId('sg');
	region.groups.set(id, {id, tags: new Map(), vpc, name, description, rules: []});
	return id;
}
