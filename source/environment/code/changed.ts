/** Something here changed while it was being copied. */
export class FilesChanged extends Error {
	readonly names: readonly string[];

	constructor(names: readonly string[]) {
		super('changed');
		this.names = names;
	}
}
