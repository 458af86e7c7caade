import lockfile, {type LockOptions} from 'proper-lockfile';

/** So often it is done again after another program took the lock over. */
const mostTurns = 3;

/** Between tries to take it, and after how long without a sign of life it is anybody's; milliseconds. */
const usual = {stale: 5000, retries: {retries: 40, minTimeout: 50, maxTimeout: 500}} as const satisfies LockOptions;

/** Another program took a lock over, again and again: its code is that of one that cannot be had. */
class LockLost extends Error {
	override readonly name = 'LockLost';
	readonly code = 'ELOCKED';
}

/**
Acts under a lock. One that was acquired by another program meanwhile, because this machine slept or was very busy, was none: what was done
under it is done again, so it must be something that can be. Rejects with the code `ELOCKED` where it cannot be had.
*/
export async function withLock<T>(file: string, act: () => Promise<T>, options: LockOptions = {}): Promise<T> {
	for (let turn = 1; turn <= mostTurns; turn++) {
		let isLost = false;
		const release = await lockfile.lock(file, {
			...usual,
			...options,
			// It is reported from a timer, where nobody could catch what is thrown, as it would be without this.
			onCompromised() {
				isLost = true;
			},
		});
		const done = await settle(act);
		try {
			await release();
		} catch (error) {
			if (!isLost) {
				throw error;
			}
		}

		if (!isLost) {
			return done();
		}
	}

	throw new LockLost('another program took its lock over');
}

/** What came of it, to be reported later. */
async function settle<T>(act: () => Promise<T>): Promise<() => T> {
	try {
		const value = await act();
		return () => value;
	} catch (error) {
		return () => {
			throw error;
		};
	}
}
