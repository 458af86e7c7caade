const python = ['pyproject.toml', 'setup.py', 'setup.cfg', 'MANIFEST.in', 'requirements.txt'];
const node = ['package.json', 'package-lock.json', 'npm-shrinkwrap.json', '.npmrc'];

/** Files that a tool reads without being given their names. */
const table: Readonly<Record<string, readonly string[]>> = {
	pip: ['pyproject.toml', 'setup.py', 'setup.cfg', 'MANIFEST.in'],
	pipx: ['pyproject.toml', 'setup.py', 'setup.cfg'],
	uv: ['pyproject.toml', 'uv.lock', 'uv.toml', '.python-version', 'setup.py', 'setup.cfg'],
	poetry: ['pyproject.toml', 'poetry.lock', 'poetry.toml'],
	pdm: ['pyproject.toml', 'pdm.lock', 'pdm.toml'],
	hatch: ['pyproject.toml', 'hatch.toml'],
	rye: ['pyproject.toml', 'requirements.lock', 'requirements-dev.lock', '.python-version'],
	pipenv: ['Pipfile', 'Pipfile.lock'],
	'pip-sync': ['requirements.txt', 'requirements.in'],
	tox: ['tox.ini', ...python],
	nox: ['noxfile.py', ...python],
	'pre-commit': ['.pre-commit-config.yaml'],
	conda: ['environment.yml', 'environment.yaml'],
	mamba: ['environment.yml', 'environment.yaml'],
	micromamba: ['environment.yml', 'environment.yaml'],
	'conda-lock': ['conda-lock.yml', 'environment.yml'],
	pixi: ['pixi.toml', 'pixi.lock', 'pyproject.toml'],
	npm: node,
	npx: node,
	pnpm: [...node, 'pnpm-lock.yaml', 'pnpm-workspace.yaml'],
	yarn: [...node, 'yarn.lock', '.yarnrc', '.yarnrc.yml'],
	bun: [...node, 'bun.lock', 'bun.lockb', 'bunfig.toml'],
	corepack: ['package.json'],
	cargo: ['Cargo.toml', 'Cargo.lock', 'rust-toolchain', 'rust-toolchain.toml'],
	go: ['go.mod', 'go.sum', 'go.work'],
	bundle: ['Gemfile', 'Gemfile.lock'],
	composer: ['composer.json', 'composer.lock'],
	make: ['Makefile', 'makefile', 'GNUmakefile'],
	just: ['justfile', 'Justfile', '.justfile'],
	task: ['Taskfile.yml', 'Taskfile.yaml'],
	cmake: ['CMakeLists.txt'],
	mvn: ['pom.xml'],
	gradle: ['build.gradle', 'build.gradle.kts', 'settings.gradle', 'settings.gradle.kts', 'gradle.properties'],
	mise: ['mise.toml', '.mise.toml', '.tool-versions'],
	asdf: ['.tool-versions'],
	pyenv: ['.python-version'],
	dvc: ['dvc.yaml', 'dvc.lock'],
};

/** What a word makes a tool read, where it is one: `pip3.11` is `pip`. */
export const implicitFiles = (word: string): readonly string[] => {
	const name = (word.split('/').at(-1) ?? '').replace(/^(pip)[\d.]+$/, '$1');
	return Object.hasOwn(table, name) ? (table[name] ?? []) : [];
};
