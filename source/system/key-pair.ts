/** A key pair in OpenSSH's own format. */
export type KeyPair = {
	readonly private: string;
	/** One line, `ssh-ed25519 AAAA… comment`. */
	readonly public: string;
};
