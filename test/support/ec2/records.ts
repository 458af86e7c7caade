import type {Image} from './images.js';
import type {Machine, SpotNotice} from './guests.js';

/** Everything that can have tags. */
export type Tagged = {readonly id: string; readonly tags: Map<string, string>};

export type InstanceState = 'pending' | 'running' | 'shutting-down' | 'terminated' | 'stopping' | 'stopped';

export const stateCodes: Readonly<Record<InstanceState, number>> = {
	pending: 0,
	running: 16,
	'shutting-down': 32,
	terminated: 48,
	stopping: 64,
	stopped: 80,
};

export type Reason = {readonly code: string; readonly message: string};

/** An instance as the stand-in keeps it, for ever; EC2 shows it until an hour after its end. Times in milliseconds since the epoch. */
export type Instance = Tagged & {
	readonly account: string;
	readonly region: string;
	readonly zone: string;
	readonly type: string;
	readonly vcpus: number;
	readonly image: Image;
	readonly reservation: string;
	/** When it was launched, or last started. */
	launchTime: number;
	readonly clientToken: string | undefined;
	readonly keyName: string | undefined;
	/** Decoded. */
	readonly userData: string | undefined;
	readonly subnet: Subnet;
	readonly groups: readonly string[];
	readonly isPublic: boolean;
	readonly privateIp: string;
	readonly spotRequest: string | undefined;
	readonly metadata: {
		readonly tokens: 'optional' | 'required';
		readonly hops: number;
		readonly endpoint: 'enabled' | 'disabled';
		readonly tags: 'enabled' | 'disabled';
	};
	readonly ebsOptimized: boolean;
	readonly devices: ReadonlyArray<{readonly name: string; readonly volume: string}>;
	readonly interfaces: readonly string[];
	behaviour: 'stop' | 'terminate';
	isProtected: boolean;
	publicIp: string | undefined;
	state: InstanceState;
	readonly history: Array<{readonly state: InstanceState; readonly at: number}>;
	reason: Reason | undefined;
	/** EC2's older words for the same. */
	transition: string;
	/** How often the guest has booted. */
	boots: number;
	notice: SpotNotice | undefined;
	machine: Machine | undefined;
};

export type Volume = Tagged & {
	readonly zone: string;
	readonly size: number;
	readonly type: string;
	readonly encrypted: boolean;
	readonly snapshot: string | undefined;
	readonly createdAt: number;
	attachment: {readonly instance: string; readonly device: string; deleteOnTermination: boolean} | undefined;
};

export type NetworkInterface = Tagged & {
	readonly subnet: Subnet;
	readonly groups: readonly string[];
	readonly privateIp: string;
	readonly description: string;
	readonly attachedAt: number;
	attachment: {readonly id: string; readonly instance: string; deleteOnTermination: boolean} | undefined;
};

export type SpotRequest = Tagged & {
	readonly instance: string;
	readonly type: 'one-time' | 'persistent';
	readonly maxPrice: number;
	readonly createdAt: number;
	readonly zone: string;
	readonly imageId: string;
	readonly instanceType: string;
	state: 'active' | 'cancelled' | 'closed';
	status: string;
	statusAt: number;
};

export type Vpc = Tagged & {readonly cidr: string; readonly isDefault: boolean};
export type Subnet = Tagged & {
	readonly vpc: string;
	readonly zone: string;
	readonly cidr: string;
	readonly isDefault: boolean;
	readonly isPublic: boolean;
};

export type Rule = {
	readonly id: string;
	readonly protocol: string;
	readonly from: number;
	readonly to: number;
	readonly peer: string;
	readonly description: string | undefined;
};
export type SecurityGroup = Tagged & {
	readonly vpc: string;
	readonly name: string;
	readonly description: string;
	readonly rules: Rule[];
};
export type KeyPair = Tagged & {
	readonly name: string;
	readonly type: string;
	readonly fingerprint: string;
	readonly createdAt: number;
};

/** What an account has in a region. */
export type Region = {
	readonly name: string;
	readonly account: string;
	readonly zones: readonly string[];
	readonly instances: Map<string, Instance>;
	readonly volumes: Map<string, Volume>;
	readonly interfaces: Map<string, NetworkInterface>;
	readonly spotRequests: Map<string, SpotRequest>;
	readonly vpcs: Map<string, Vpc>;
	readonly subnets: Map<string, Subnet>;
	readonly groups: Map<string, SecurityGroup>;
	readonly keyPairs: Map<string, KeyPair>;
	/** Launches by their token, within a zone where one was named. */
	readonly tokens: Map<string, {readonly parameters: string; readonly instance: string}>;
};
