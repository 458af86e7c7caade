/** The value with everything in it frozen, so that whoever changes it fails. Typed arrays, which cannot be, and instances stay as they are. */
export function deepFrozen<T>(value: T): T {
	if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value) && !Object.isFrozen(value)) {
		const prototype: unknown = Object.getPrototypeOf(value);
		if (prototype === Object.prototype || prototype === Array.prototype || prototype === null) {
			Object.freeze(value);
			Object.values(value).forEach(deepFrozen);
		}
	}

	return value;
}
