/** Why a connection could not be made. `final` ones do not change by trying again. */
export class ConnectionError extends Error {
	override readonly name = 'ConnectionError';
	readonly final: boolean;
	/** The login was refused: final too, except for a machine that is only starting and does not know the key yet. */
	readonly refused: boolean;

	constructor(message: string, final: boolean, cause?: unknown, refused = false) {
		super(message, {cause});
		this.final = final;
		this.refused = refused;
	}
}

/** The instance itself refuses a port: nothing listens there, or forwarding is not allowed. */
export class PortRefused extends Error {
	override readonly name = 'PortRefused';
}
