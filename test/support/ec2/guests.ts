/** What a spot instance's metadata says two minutes before it is taken away; `time` in ISO form. */
export type SpotNotice = {readonly action: 'terminate'; readonly time: string};

/** What a machine is started with, and what it tells. */
export type Seed = {
	readonly instanceId: string;
	/** As it was given, decoded. */
	readonly userData: string | undefined;
	readonly instanceType: string;
	readonly region: string;
	readonly zone: string;
	/** Its guest has powered it off. */
	readonly onPowerOff: () => void;
	/** What its metadata say of an interruption. */
	readonly notice: () => SpotNotice | undefined;
};

/** A booted machine. */
export type Machine = {
	/** An address with its sshd at port 22. */
	readonly address: string;
	/** Shuts it down; its disk stays. */
	stop(): Promise<void>;
	/** Boots it from the disk that it had; resolves with its address, which is a new one. */
	start(): Promise<string>;
	destroy(): Promise<void>;
};

/** Where instances are whole machines. */
export type Machines = {
	/** Rejects where it does not boot. */
	boot(seed: Seed): Promise<Machine>;
	/** Removes what is left. */
	close(): Promise<void>;
};

/**
A simulated guest, from one boot to the next. What it plans happens at its exact time, however far the clock is turned at once, and not
at all where it is no longer running by then.
*/
export type Guest = {
	readonly instanceId: string;
	readonly userData: string | undefined;
	/** Milliseconds since the epoch. */
	readonly bootedAt: number;
	/** 1 for the first boot. */
	readonly boot: number;
	readonly tags: ReadonlyMap<string, string>;
	now(): number;
	/** Lets something happen in the guest at `time`; returns how to call it off. */
	at(time: number, act: (time: number) => void): () => void;
	powerOff(time?: number): () => void;
	/** The hook is called again for the next boot. */
	reboot(time?: number): () => void;
	notice(): SpotNotice | undefined;
};

export type GuestHook = (guest: Guest) => void;
