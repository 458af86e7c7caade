import type {FolderReader, Suggestion} from './suggestion.js';

/** One stage of a Dockerfile, as far as it matters here. */
type Stage = {readonly base: string; readonly name: string | undefined; readonly ports: readonly number[]};

const mostInstructions = 5000;

export async function inspectImage({read}: FolderReader): Promise<Suggestion[]> {
	for (const from of ['Dockerfile', 'Containerfile']) {
		const text = await read(from);
		if (text !== undefined) {
			return fromStages(from, stagesOf(text));
		}
	}

	return [];
}

function fromStages(
	from: string,
	{stages, variables}: {stages: readonly Stage[]; variables: ReadonlyMap<string, string>},
): Suggestion[] {
	const bases = stages.map((stage, index) => baseOf(stages, index, variables));
	const last = bases.findLastIndex(base => base !== 'scratch');
	const stage = stages[last];
	if (!stage) {
		return [];
	}

	const base = bases[last];
	const ports = stage.ports;
	return [
		base === undefined
			? {from, words: `${from} begins with ${stage.base}, which only its build can tell`, change: {}}
			: {from, words: `${from} begins with the image ${base}`, change: {image: base}},
		...(ports.length > 0 ? [{from, words: `${from} exposes ${ports.join(' and ')}`, change: {ports}}] : []),
	];
}

/** The image below all stages that this one is based on; undefined where it is not known. */
function baseOf(stages: readonly Stage[], index: number, variables: ReadonlyMap<string, string>): string | undefined {
	let at = index;
	for (;;) {
		const base = resolve(stages[at]!.base, variables);
		if (base === undefined) {
			return undefined;
		}

		const below = stages.slice(0, at).findLastIndex(({name}) => name !== undefined && name === base.toLowerCase());
		if (below < 0) {
			return /^\w[\w./:@-]{0,254}$/.test(base) ? base : undefined;
		}

		at = below;
	}
}

/** `$NAME`, `${NAME}`, `${NAME:-default}` and `${NAME:+other}`, by what an `ARG` before the first stage says. */
function resolve(text: string, variables: ReadonlyMap<string, string>): string | undefined {
	let isKnown = true;
	const resolved = text.replaceAll(
		/\$(?:(\w+)|\{(\w+)(?:(:?[-+])([^{}]*))?\})/g,
		(_, bare: string | undefined, name = '', operator: string | undefined, word = '') => {
			const value = variables.get(bare ?? name);
			const isSet = value !== undefined && (value !== '' || !operator?.startsWith(':'));
			if (operator?.endsWith('+')) {
				return isSet ? word : '';
			}

			isKnown &&= isSet || operator !== undefined;
			return isSet ? value : word;
		},
	);
	return isKnown && resolved !== '' && !resolved.includes('$') ? resolved : undefined;
}

const unquoted = (text: string): string => /^(["'])(.*)\1$/s.exec(text)?.[2] ?? text;

function stagesOf(text: string): {stages: Stage[]; variables: Map<string, string>} {
	const stages: Array<Stage & {ports: number[]}> = [];
	const variables = new Map<string, string>();
	for (const {name, rest} of instructionsOf(text)) {
		if (name === 'FROM') {
			const words = rest.split(/\s+/).filter(word => !word.startsWith('--'));
			const [base, as, stage] = words;
			if (base !== undefined) {
				stages.push({base: unquoted(base), name: as?.toLowerCase() === 'as' ? stage?.toLowerCase() : undefined, ports: []});
			}
		} else if (name === 'ARG' && stages.length === 0) {
			for (const [, key = '', value = ''] of rest.matchAll(/(\w+)=("[^"]*"|'[^']*'|\S*)/g)) {
				const resolved = value === '' ? '' : resolve(unquoted(value), variables);
				if (resolved !== undefined) {
					variables.set(key, resolved);
				}
			}
		} else if (name === 'EXPOSE') {
			const ports = rest.split(/\s+/).map(word => Number(/^(\d{1,5})(?:\/tcp)?$/i.exec(word)?.[1] ?? 0));
			stages.at(-1)?.ports.push(...ports.filter(port => port > 0 && port <= 65_535));
		}
	}

	return {stages, variables};
}

/** Instructions with their continued lines, without comments and without the texts that `<<` begins. */
function* instructionsOf(text: string): Generator<{name: string; rest: string}> {
	const escape = /^#\s*escape\s*=\s*`/im.test(text.split('\n', 5).join('\n')) ? '`' : '\\';
	const lines = text.split(/\r?\n/);
	let count = 0;
	for (let index = 0; index < lines.length && count < mostInstructions; index++) {
		const parts: string[] = [];
		for (; index < lines.length; index++) {
			const line = lines[index]!.trim();
			if (line === '' || line.startsWith('#')) {
				if (parts.length === 0) {
					break;
				}

				continue;
			}

			parts.push(line.endsWith(escape) ? line.slice(0, -1) : line);
			if (!line.endsWith(escape)) {
				break;
			}
		}

		const whole = parts.join(' ').trim();
		const match = /^([A-Za-z]+)\s+(.*)$/s.exec(whole);
		if (match) {
			count++;
			yield {name: match[1]!.toUpperCase(), rest: match[2]!.trim()};
		}

		const heredocs = /^(?:RUN|COPY|ADD)\s/i.test(whole) ? [...whole.matchAll(/<<-?(["']?)(\w+)\1/g)] : [];
		for (const [, , end] of heredocs) {
			do {
				index++;
			} while (index < lines.length && lines[index]!.trim() !== end);
		}
	}
}
