import {z} from 'zod';
import {commands, oneOf, text, truth, words} from './fields.js';
import {entrypoint, files, homeDir, ports, registryAuth, shell, user, variables, workingDir} from './environment-fields.js';
import {describeInput} from './json-schema.js';
import type {DevEnvironment} from '../model.js';
import {field, policy, policyShape, resources} from './requirement-fields.js';

export const ides = ['vscode', 'vscode-insiders', 'cursor', 'windsurf', 'zed'] as const;

export const pythonVersion = /^3\.\d{1,2}(?:\.\d{1,3})?$/;

const python = describeInput(
	z.string(words('a version in quotes such as "3.11"')).regex(pythonVersion, 'expected a version such as "3.11"'),
	// A number is read as it is written, with a warning where other readers of YAML would not.
	() => ({
		anyOf: [
			{type: 'string', pattern: pythonVersion.source, examples: ['3.10', '3.11', '3.12', '3.13']},
			{type: 'number', minimum: 3, exclusiveMaximum: 4},
		],
	}),
);

const later = 'this version does not do that yet';
const server = 'it belongs to a dstack server, and this program needs none';

const shape = {
	type: z.literal('dev-environment').meta({description: 'What it is: always dev-environment'}),
	name: policy(text().regex(/^[\w.-]{1,60}$/, 'expected a name of letters, digits, dots and dashes'), {
		description: 'What it is called in lists',
	}),
	ide: policy(oneOf(ides), {description: 'The editor that the link opens; none for SSH only'}),
	version: policy(z.unknown(), {
		description: "The editor's version",
		unused: 'the version of the editor on your machine is used',
	}),
	image: policy(text('an image such as debian:bookworm').min(1, 'expected an image'), {
		description: 'A container image of your own; it must have openssh-server',
	}),
	registry_auth: policy(registryAuth, {description: 'How to log in to the registry of the image'}),
	python: policy(python, {description: 'The version of Python, in quotes: "3.11"'}),
	nvcc: policy(truth, {description: "CUDA's compiler in the default image"}),
	docker: policy(truth, {description: 'A Docker engine inside the environment; it gets all rights'}),
	privileged: field(truth, {description: 'A container with all rights'}),
	user: policy(user, {description: 'The user that setup, init and sessions run as; build runs as root'}),
	shell: policy(shell, {description: 'The shell that commands run in'}),
	entrypoint: policy(entrypoint, {
		description:
			'What commands run in: words that get them as one more, such as /bin/bash -i -c; before `shell` where there is one',
	}),
	working_dir: policy(workingDir, {description: 'Where commands and people start: absolute, or in the code'}),
	home_dir: policy(homeDir, {description: 'What ~ means in `cache`'}),
	env: field(variables, {description: 'Variables: a list of NAME=value, NAME alone for your own value, or a map'}),
	build: field(commands, {description: 'Commands that make an image once'}),
	setup: field(commands, {description: 'Commands that run once, when the environment is made'}),
	init: field(commands, {description: 'Commands that run at every start'}),
	cache: field(z.array(text('a path'), words('a list of paths')), {
		description: 'Paths that are kept for the next run: absolute, below ~, or in the folder where commands start',
	}),
	ports: field(ports, {description: 'Ports to forward: 8000, 3333:8000, *:8000'}),
	files: field(files, {description: 'Files of your machine to copy beside the code'}),
	resources: policy(resources, {description: 'What the hardware has to be'}),
	priority: field(z.unknown(), {description: "A run's place in the queue", unused: server}),
	volumes: field(z.unknown(), {description: 'Volumes to mount', unused: `volumes by name belong to a dstack server; ${later}`}),
	repos: field(z.unknown(), {description: 'Repositories to clone', unused: 'the code is that of the folder you run in'}),
	single_branch: field(z.unknown(), {description: 'Whether one branch is cloned', unused: 'the history comes as it is here'}),
	dstack: field(z.unknown(), {description: "dstack's own command inside", unused: server}),
	...policyShape,
};

export const configurationSchema = z.strictObject(shape, words('a map of keys and values'));

type Parsed = Partial<z.infer<typeof configurationSchema>>;

/** Keys of other types of run. */
export const foreignKeys: Readonly<Record<string, string>> = {
	commands: 'it belongs to type: task; a dev environment has `setup` and `init`',
	artifacts: 'it belongs to type: task, as dstack 0.11 had it',
	nodes: 'it belongs to type: task; a dev environment is one instance',
	port: 'it belongs to type: service; a dev environment has `ports`',
	gateway: 'it belongs to type: service',
	replicas: 'it belongs to type: service',
	scaling: 'it belongs to type: service',
	model: 'it belongs to type: service',
	auth: 'it belongs to type: service',
	https: 'it belongs to type: service',
	strip_prefix: 'it belongs to type: service',
	rate_limits: 'it belongs to type: service',
	probes: 'it belongs to type: service',
	project: 'projects belong to a dstack server, and this program needs none',
};

/** Other types of configuration that dstack knows. */
export const foreignTypes: Readonly<Record<string, string>> = {
	task: 'a task needs a dstack server',
	service: 'a service needs a dstack server',
	fleet: 'fleets belong to a dstack server',
	volume: 'volumes belong to a dstack server',
	gateway: 'gateways belong to a dstack server',
};

export const toEnvironment = (parsed: Parsed): DevEnvironment => ({
	name: parsed.name ?? undefined,
	ide: parsed.ide ?? undefined,
	image: parsed.image ?? undefined,
	registryAuth: parsed.registry_auth ?? undefined,
	python: parsed.python ?? undefined,
	env: parsed.env?.env ?? {},
	callerEnv: parsed.env?.callerEnv ?? [],
	build: parsed.build ?? [],
	setup: parsed.setup ?? [],
	init: parsed.init ?? [],
	ports: parsed.ports ?? [],
	entrypoint: parsed.entrypoint ?? undefined,
	homeDir: parsed.home_dir ?? undefined,
	cache: parsed.cache ?? [],
	workingDir: parsed.working_dir ?? undefined,
	user: parsed.user ?? undefined,
	shell: parsed.shell ?? undefined,
	files: parsed.files ?? [],
	privileged: parsed.privileged ?? false,
	docker: parsed.docker ?? false,
	nvcc: parsed.nvcc ?? false,
});
