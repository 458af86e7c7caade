/** What git has to know of a repository to look at it; absolute paths. */
export type GitLocation = {
	/** The top of the working tree; for a bare repository the repository itself. */
	readonly top: string;
	readonly bare: boolean;
	/** This working tree's own: HEAD, index. */
	readonly gitDir: string;
	/** Shared by all working trees: objects, refs, config. */
	readonly commonDir: string;
};

/** A git folder alone, without a working tree. */
export const gitFolder = (folder: string): GitLocation => ({gitDir: folder, commonDir: folder, bare: true, top: folder});
