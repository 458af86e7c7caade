import {programName} from '../../system/program-name.js';
import stringWidth from 'string-width';
import {Problem} from '../../system/problem.js';
import type {Diagnostic} from '../model.js';

/** A diagnostic as a compiler prints one: place and message, the line, a caret under the place, what was probably meant. */
export function formatDiagnostic({severity, file, line, column, message, source, suggestion}: Diagnostic): string[] {
	const lines = [`${file}:${line}:${column}: ${severity}: ${message}`];
	if (source !== undefined && source.trim() !== '') {
		const number = String(line).padStart(4);
		lines.push(`${number} │ ${source}`, `     │ ${' '.repeat(stringWidth(source.slice(0, column - 1)))}^`);
	}

	if (suggestion !== undefined) {
		lines.push(`     = did you mean ${suggestion}?`);
	}

	return lines;
}

/** All problems of a file as one `configuration` problem. */
export const diagnosticsProblem = (file: string, diagnostics: readonly Diagnostic[]): Problem =>
	new Problem('configuration', `${file} cannot be used`, {
		details: diagnostics.filter(({severity}) => severity === 'error').flatMap(formatDiagnostic),
		next: `Mend the file and try again; \`${programName} check\` shows all problems.`,
	});
