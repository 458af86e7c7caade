import * as sdk from '@aws-sdk/client-ec2';
import type {NormalizedSchema} from '@smithy/core/schema';
import {NormalizedSchema as Schema} from '@smithy/core/schema';

/** An action that AWS's own description of EC2 holds, with the shapes that go in and come out. */
export type Operation = {readonly name: string; readonly input: NormalizedSchema; readonly output: NormalizedSchema};

const described = sdk as unknown as Readonly<Record<string, unknown>>;
const operations = new Map<string, Operation>();

/**
The description of an action, as AWS publishes it with its SDK: names on the wire, types and lists are read from there and not
written down again. Undefined for an action that EC2 does not have.
*/
export function operationOf(name: string): Operation | undefined {
	const known = operations.get(name);
	if (known) {
		return known;
	}

	const found = /^\w+$/.test(name) ? described[`${name}$`] : undefined;
	if (!Array.isArray(found) || found[0] !== 9) {
		return undefined;
	}

	const operation = {name, input: Schema.of(found[4] as never), output: Schema.of(found[5] as never)};
	operations.set(name, operation);
	return operation;
}
