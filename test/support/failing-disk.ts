import fs from 'node:fs';
import {syncBuiltinESMExports} from 'node:module';
import {getSystemErrorMap} from 'node:util';

/** What a disk answers where nothing can be written any more. */
export const refusals = ['EROFS', 'ENOSPC', 'EDQUOT', 'EACCES'] as const;
export type Refusal = (typeof refusals)[number];

/** One thing that a program does to a disk: `writeFile runs/fast-moth-1/owner.json`. */
export type DiskWrite = {readonly number: number; readonly act: string; readonly file: string};

type Plan = {readonly below: string; readonly refuses: (write: DiskWrite) => Refusal | undefined; readonly seen: DiskWrite[]};

let plan: Plan | undefined;

/** The error that Node throws for it. */
function refusalOf(code: Refusal, act: string, file: string): NodeJS.ErrnoException {
	const [errno, [, words]] = [...getSystemErrorMap()].find(([, [name]]) => name === code) ?? [
		-122,
		[code, 'disk quota exceeded'],
	];
	return Object.assign(new Error(`${code}: ${words}, ${act} '${file}'`), {code, errno, syscall: act, path: file});
}

function refuse(act: string, place: unknown): NodeJS.ErrnoException | undefined {
	if (!plan || typeof place !== 'string' || !place.startsWith(plan.below)) {
		return undefined;
	}

	const write = {number: plan.seen.length, act, file: place};
	plan.seen.push(write);
	const code = plan.refuses(write);
	return code && refusalOf(code, act, place);
}

const isToWrite = (flags: unknown): boolean =>
	typeof flags === 'number' ? (flags & (fs.constants.O_WRONLY | fs.constants.O_RDWR)) !== 0 : /[wa+]/.test(String(flags ?? 'r'));

const writing = [
	...['writeFile', 'appendFile', 'mkdir', 'rm', 'rmdir', 'unlink', 'rename', 'link', 'symlink', 'truncate', 'copyFile'],
	...['chmod', 'chown', 'utimes'],
];
type Any = (...given: unknown[]) => unknown;
type Functions = Record<string, Any>;

/** Of a link and a copy, what is made is the second. */
const placeOf = (act: string, given: readonly unknown[]): unknown =>
	String(given[act === 'link' || act === 'copyFile' || act === 'symlink' ? 1 : 0] ?? '');

const handles = new WeakMap<object, string>();

function wrapAll(): void {
	const promised = fs.promises as unknown as Functions;
	const plain = fs as unknown as Functions;
	for (const act of [...writing, 'open']) {
		const isWrite = (given: readonly unknown[]) => act !== 'open' || isToWrite(given[1]);
		const promise = promised[act] as Any;
		promised[act] = async (...given: unknown[]) => {
			const error = isWrite(given) ? refuse(act, placeOf(act, given)) : undefined;
			if (error) {
				throw error;
			}

			const result = await promise.apply(fs.promises, given);
			if (act === 'open') {
				handles.set(result as object, String(given[0]));
			}

			return result;
		};

		const callback = plain[act] as Any;
		plain[act] = (...given: unknown[]) => {
			const error = isWrite(given) ? refuse(act, placeOf(act, given)) : undefined;
			const done = given.at(-1);
			if (error && typeof done === 'function') {
				setImmediate(() => (done as (error: Error) => void)(error));
				return undefined;
			}

			return callback.apply(fs, given);
		};

		const sync = plain[`${act}Sync`] as Any;
		plain[`${act}Sync`] = (...given: unknown[]) => {
			const error = isWrite(given) ? refuse(act, placeOf(act, given)) : undefined;
			if (error) {
				throw error;
			}

			return sync.apply(fs, given);
		};
	}
}

/** What is written through a handle is on a full disk refused there, and not where the file was opened. */
async function wrapHandles(): Promise<void> {
	const handle = await fs.promises.open('/dev/null', 'r');
	const prototype = Object.getPrototypeOf(handle) as Functions;
	await handle.close();
	for (const act of ['writeFile', 'appendFile', 'write', 'datasync', 'sync', 'truncate']) {
		const real = prototype[act] as Any;
		prototype[act] = async function (this: object, ...given: unknown[]) {
			const error = refuse(act, handles.get(this));
			if (error) {
				throw error;
			}

			return real.apply(this, given);
		};
	}
}

// Before anything else has taken these functions over: whoever uses this imports it first.
wrapAll();
await wrapHandles();
syncBuiltinESMExports();

/**
Does something while the disk below a folder refuses what `refuses` says. Returns everything that was to be written there, in its order,
beside what came of it.
*/
export async function withDisk<T>(
	below: string,
	refuses: (write: DiskWrite) => Refusal | undefined,
	act: () => Promise<T>,
): Promise<{readonly result: T; readonly writes: readonly DiskWrite[]}> {
	const seen: DiskWrite[] = [];
	plan = {below, refuses, seen};
	try {
		return {result: await act(), writes: seen};
	} finally {
		plan = undefined;
	}
}
