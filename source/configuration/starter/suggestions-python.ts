import {parse} from 'yaml';
import {asMap, type Change, type FolderReader, portsOf, type Suggestion, unreadable} from './suggestion.js';

/** The one for which nearly every package has wheels; taken where it is allowed. */
const usual = 12;
const oldest = 8;
const newest = 14;
const mostPatches = 30;

type Version = readonly [major: number, minor: number, patch: number];

const versionOf = (text: string): Version => {
	const [major = 0, minor = 0, patch = 0] = text.split('.').map(Number);
	return [major, minor, patch];
};

const compare = (a: Version, b: Version): number => a[0] - b[0] || a[1] - b[1] || a[2] - b[2];

/** One clause such as `>=3.9`, `~=3.10`, `==3.11.*`, `^3.10` or `3.9`, laid on a version. Undefined for what is no clause. */
function allows(clause: string, version: Version): boolean | undefined {
	const match = /^(===?|!=|>=|<=|>|<|~=|~|\^|=)?\s*v?(\d+(?:\.\d+){0,2})((?:\.\*)?)[\w.+-]*$/.exec(clause);
	if (!match) {
		return clause === '' || clause === '*' ? true : undefined;
	}

	const [, operator = '=', number = '', star = ''] = match;
	const wanted = versionOf(number);
	const given = number.split('.').length;
	const isWithin = (count: number): boolean => version.slice(0, count).every((part, index) => part === wanted[index]);
	const order = compare(version, wanted);
	switch (operator) {
		case '>=': {
			return order >= 0;
		}

		case '>': {
			return order > 0 && !(given < 3 && isWithin(given));
		}

		case '<': {
			return order < 0;
		}

		case '<=': {
			return order <= 0 || (given < 3 && isWithin(given));
		}

		case '!=': {
			return !(star === '' ? isWithin(3) : isWithin(given));
		}

		case '^': {
			return order >= 0 && isWithin(1);
		}

		case '~=': {
			return order >= 0 && isWithin(Math.max(1, given - 1));
		}

		case '~': {
			return order >= 0 && isWithin(Math.min(2, given));
		}

		default: {
			return isWithin(given);
		}
	}
}

/** The Python (`3.11`) to take for a constraint as packages write it (`>=3.9,<3.13`, `^3.10`, `3.9 || 3.11`); undefined where none fits or it is none. */
export function pythonFor(constraint: string): string | undefined {
	const ways = constraint
		.slice(0, 200)
		.replaceAll(/([<>=!~^])\s+/g, '$1')
		.split('||')
		.map(way => way.trim().split(/\s*,\s*|\s+/));
	const fits = (minor: number): boolean =>
		ways.some(clauses =>
			Array.from({length: mostPatches}, (_, patch): Version => [3, minor, patch]).some(version =>
				clauses.every(clause => allows(clause, version) === true),
			),
		);
	const minors = Array.from({length: newest - oldest + 1}, (_, index) => oldest + index).filter(fits);
	const best = minors.sort((a, b) => Math.abs(a - usual) - Math.abs(b - usual)).at(0);
	return best === undefined ? undefined : `3.${best}`;
}

const listening: Readonly<Record<string, number>> = {
	jupyter: 8888,
	jupyterlab: 8888,
	notebook: 8888,
	tensorboard: 6006,
	streamlit: 8501,
	gradio: 7860,
	mlflow: 5000,
	fastapi: 8000,
	django: 8000,
	uvicorn: 8000,
	vllm: 8000,
	flask: 5000,
	dash: 8050,
	ray: 8265,
};

/** A package's name as all ways to write it agree on. */
const packageName = (requirement: string): string =>
	(/^\s*([A-Za-z\d][\w.-]*)/.exec(requirement)?.[1] ?? '').toLowerCase().replaceAll(/[._]/g, '-');

const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const asText = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

const installs = (from: string, setup: readonly string[]): Suggestion => ({
	from,
	words: `${from} is installed by ${setup.join(', ')}`,
	change: {setup},
});

const asksFor = (from: string, constraint: string | undefined): Suggestion[] => {
	const python = constraint === undefined ? undefined : pythonFor(constraint);
	return python === undefined
		? []
		: [{from, words: `${from} asks for Python ${constraint}: ${python}`, change: {python} satisfies Change}];
};

export async function inspectPythonVersion({read}: FolderReader): Promise<Suggestion[]> {
	const from = '.python-version';
	const lines = (await read(from))?.split('\n').map(line => line.trim()) ?? [];
	const minor = lines.map(line => /^(?:c?python[-@]?)?(3\.\d{1,2})(?:\.\d{1,3})?(?:$|[^\d.])/.exec(line)?.[1]).find(Boolean);
	return minor === undefined ? [] : [{from, words: `${from} says Python ${minor}`, change: {python: minor}}];
}

export async function inspectRequirements({read}: FolderReader): Promise<Suggestion[]> {
	const from = 'requirements.txt';
	const text = await read(from);
	return text === undefined
		? []
		: [installs(from, [`pip install -r ${from}`]), ...portsOf(from, text.split('\n').map(packageName), listening)];
}

export async function inspectPyproject({read, has}: FolderReader): Promise<Suggestion[]> {
	const from = 'pyproject.toml';
	const text = await read(from);
	if (text === undefined) {
		return [];
	}

	try {
		const {parse: parseToml} = await import('smol-toml');
		const all = asMap(parseToml(text));
		const project = asMap(all['project']);
		const tool = asMap(all['tool']);
		const poetry = asMap(asMap(tool['poetry'])['dependencies']);
		const names = [
			...asList(project['dependencies']).map(each => packageName(asText(each) ?? '')),
			...Object.keys(poetry).map(packageName),
		];
		const setup = await installerOf(all, tool, has);
		return [
			...asksFor(from, asText(project['requires-python']) ?? asText(poetry['python'])),
			...(setup ? [installs(from, setup)] : []),
			...portsOf(from, names, listening),
		];
	} catch (error) {
		return [unreadable(from, error)];
	}
}

/** Undefined where the file only configures tools. */
async function installerOf(
	all: Readonly<Record<string, unknown>>,
	tool: Readonly<Record<string, unknown>>,
	has: FolderReader['has'],
): Promise<readonly string[] | undefined> {
	if ('uv' in tool || (await has('uv.lock'))) {
		return ['pip install uv', 'uv sync'];
	}

	if ('poetry' in tool || (await has('poetry.lock'))) {
		return ['pip install poetry', 'poetry install'];
	}

	if ('pdm' in tool || (await has('pdm.lock'))) {
		return ['pip install pdm', 'pdm install'];
	}

	if ('envs' in asMap(tool['hatch'])) {
		return ['pip install hatch', 'hatch env create'];
	}

	return 'project' in all || 'build-system' in all ? ['pip install -e .'] : undefined;
}

export async function inspectSetupPy({read}: FolderReader): Promise<Suggestion[]> {
	const from = 'setup.py';
	const text = await read(from);
	if (text === undefined || !/\bsetup\s*\(/.test(text)) {
		return [];
	}

	const constraint = /\bpython_requires\s*=\s*(["'])([^"'\n]{1,100})\1/.exec(text)?.[2];
	return [...asksFor(from, constraint), installs(from, ['pip install -e .'])];
}

export async function inspectPipfile({read, has}: FolderReader): Promise<Suggestion[]> {
	const from = 'Pipfile';
	const text = await read(from);
	if (text === undefined) {
		return [];
	}

	try {
		const {parse: parseToml} = await import('smol-toml');
		const all = asMap(parseToml(text));
		const requires = asMap(all['requires']);
		const isLocked = await has('Pipfile.lock');
		return [
			...asksFor(from, asText(requires['python_full_version']) ?? asText(requires['python_version'])),
			installs(from, ['pip install pipenv', isLocked ? 'pipenv sync' : 'pipenv install']),
			...portsOf(from, Object.keys(asMap(all['packages'])).map(packageName), listening),
		];
	} catch (error) {
		return [unreadable(from, error)];
	}
}

export async function inspectConda({read}: FolderReader): Promise<Suggestion[]> {
	for (const from of ['environment.yml', 'environment.yaml']) {
		const text = await read(from);
		if (text === undefined) {
			continue;
		}

		try {
			const all = asMap(parse(text, {maxAliasCount: 50, logLevel: 'error'}));
			if (!Array.isArray(all['dependencies'])) {
				return [unreadable(from, new Error('it has no list of dependencies'))];
			}

			const direct = asList(all['dependencies']);
			const dependencies = [...direct, ...direct.flatMap(each => asList(asMap(each)['pip']))].map(each => asText(each) ?? '');
			const python = dependencies.map(each => /^(?:[\w-]+::)?python\s*([<>=!~].*)$/.exec(each)?.[1]).find(Boolean);
			// Conda's `python=3.11` and `python=3.11.4=build` are what others write as `==3.11.*`.
			return [
				...asksFor(from, python?.replace(/^=+\s*([\d.]+?)(?:\.?\*)?(?:=.*)?$/, '==$1.*')),
				installs(from, [`conda env update --file ${from}`]),
				...portsOf(
					from,
					dependencies.map(each => packageName(each.replace(/^[\w-]+::/, ''))),
					listening,
				),
			];
		} catch (error) {
			return [unreadable(from, error)];
		}
	}

	return [];
}
