/** What a run must remember and its journal must not hold. */
export type RunSecrets = {
	readonly env: Readonly<Record<string, string>>;
	readonly registryAuth: {readonly username: string; readonly password: string} | undefined;
	/** What a build is known by, as the configuration writes it. */
	readonly declared?: {readonly build: readonly string[]; readonly env: Readonly<Record<string, string>>};
};
