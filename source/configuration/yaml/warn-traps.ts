import {isMap, isPair, isScalar, type Scalar, visit} from 'yaml';
import {mostProblems, type YamlFile} from './yaml-file.js';

// Numbers to the base of 60, as YAML 1.1 had them: 22:22 is 1342 there.
const sexagesimal = /^[-+]?[1-9]\d*(?::[0-5]?\d)+$/;
const olderTruth = /^(?:y|n|yes|no|on|off)$/i;

/** Says where readers of older YAML, dstack's own among them, take a value for another than what is written. */
export function warnTraps({document, diagnostics, diagnose}: YamlFile): void {
	if (!document) {
		return;
	}

	let left = mostProblems;
	const warn = (scalar: Scalar, meaning: string) => {
		if (left-- > 0 && scalar.range) {
			const source = scalar.source ?? String(scalar.value);
			diagnostics.push(
				diagnose(
					scalar.range[0],
					`without quotes, other readers of YAML take ${source.slice(0, 40)} for ${meaning}`,
					'warning',
					`"${source.slice(0, 40)}"`,
				),
			);
		}
	};

	visit(document, {
		Scalar(key, scalar, path) {
			if (scalar.type !== 'PLAIN' || typeof scalar.value !== 'string') {
				return;
			}

			if (sexagesimal.test(scalar.value)) {
				warn(scalar, `the number ${toNumber(scalar.value)}`);
			} else if (key === 'value' && olderTruth.test(scalar.value) && isBelowEnv(path)) {
				warn(scalar, /^(?:y|yes|on)$/i.test(scalar.value) ? 'true' : 'false');
			}
		},
	});
}

const toNumber = (text: string): number => text.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);

const isBelowEnv = (path: readonly unknown[]): boolean =>
	path.some((node, index) => isPair(node) && isScalar(node.key) && node.key.value === 'env' && isMap(path[index + 1]));
