import {type ChildProcess, spawn} from 'node:child_process';
import {createRequire} from 'node:module';
import path from 'node:path';
import process from 'node:process';
import {pathToFileURL} from 'node:url';

export type Completion = {readonly label: string; readonly documentation?: unknown};

export type Found = {
	readonly severity?: number;
	readonly message: string;
	readonly range: {readonly start: {readonly line: number; readonly character: number}};
};

type Message = {id?: number; method?: string; params?: never; result?: unknown; error?: {message: string}};

/** The YAML language server that VS Code and Neovim use, on its standard input and output, with our schemas as its setting. */
export class LanguageServer {
	readonly #child: ChildProcess;
	readonly #answers = new Map<number, (message: Message) => void>();
	readonly #diagnostics = new Map<string, (found: Found[]) => void>();
	readonly #settings: Readonly<Record<string, unknown>>;
	#buffer = Buffer.alloc(0);
	#id = 0;
	/** Everything that the server told its editor beside answers. */
	readonly told: string[] = [];

	private constructor(schemas: Readonly<Record<string, string>>) {
		const require = createRequire(import.meta.url);
		const program = path.join(path.dirname(require.resolve('yaml-language-server/package.json')), 'bin/yaml-language-server');
		this.#settings = {
			yaml: {schemas, validate: true, completion: true, hover: true, schemaStore: {enable: false}},
			http: {},
			'[yaml]': {},
			editor: {},
			files: {},
		};
		this.#child = spawn(process.execPath, [program, '--stdio'], {stdio: ['pipe', 'pipe', 'inherit']});
		this.#child.stdout?.on('data', (piece: Buffer) => this.#receive(piece));
	}

	/** `schemas` maps the address of a schema to the pattern of files that it is for. */
	static async start(folder: string, schemas: Readonly<Record<string, string>>): Promise<LanguageServer> {
		const server = new LanguageServer(schemas);
		const rootUri = pathToFileURL(folder).href;
		await server.request('initialize', {
			processId: process.pid,
			rootUri,
			workspaceFolders: [{uri: rootUri, name: 'test'}],
			capabilities: {
				workspace: {configuration: true, workspaceFolders: true},
				textDocument: {publishDiagnostics: {}, completion: {completionItem: {snippetSupport: true}}},
			},
		});
		server.#send({method: 'initialized', params: {}});
		server.#send({method: 'workspace/didChangeConfiguration', params: {settings: server.#settings}});
		return server;
	}

	/** Opens a document and waits for what is found in it. */
	async open(uri: string, text: string): Promise<Found[]> {
		const found = new Promise<Found[]>(resolve => {
			this.#diagnostics.set(uri, resolve);
		});
		this.#send({method: 'textDocument/didOpen', params: {textDocument: {uri, languageId: 'yaml', version: 1, text}}});
		return found;
	}

	async complete(uri: string, line: number, character: number): Promise<Completion[]> {
		const result = await this.request('textDocument/completion', {textDocument: {uri}, position: {line, character}});
		return (result as {items: Completion[]}).items;
	}

	async hover(uri: string, line: number, character: number): Promise<string> {
		return JSON.stringify(await this.request('textDocument/hover', {textDocument: {uri}, position: {line, character}}));
	}

	async stop(): Promise<void> {
		const ended = new Promise(resolve => {
			this.#child.once('close', resolve);
		});
		await this.request('shutdown', null);
		this.#send({method: 'exit'});
		await ended;
	}

	async request(method: string, params: unknown): Promise<unknown> {
		const id = ++this.#id;
		const answer = new Promise<Message>(resolve => {
			this.#answers.set(id, resolve);
		});
		this.#send({id, method, params});
		const {result, error} = await answer;
		if (error) {
			throw new Error(`${method}: ${error.message}`);
		}

		return result;
	}

	#send(message: object): void {
		const text = JSON.stringify({jsonrpc: '2.0', ...message});
		this.#child.stdin?.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
	}

	#receive(piece: Buffer): void {
		this.#buffer = Buffer.concat([this.#buffer, piece]);
		for (;;) {
			const end = this.#buffer.indexOf('\r\n\r\n');
			const length = Number(/Content-Length: (\d+)/i.exec(this.#buffer.subarray(0, Math.max(0, end)).toString())?.[1]);
			if (end < 0 || this.#buffer.length < end + 4 + length) {
				return;
			}

			const text = this.#buffer.subarray(end + 4, end + 4 + length).toString();
			this.#buffer = this.#buffer.subarray(end + 4 + length);
			this.#handle(JSON.parse(text) as Message);
		}
	}

	#handle({id, method, params, ...answer}: Message): void {
		if (method === undefined) {
			this.#answers.get(id ?? 0)?.(answer);
		} else if (method === 'workspace/configuration') {
			const {items} = params as unknown as {items: Array<{section: string}>};
			this.#send({id, result: items.map(({section}) => this.#settings[section] ?? null)});
		} else if (method === 'textDocument/publishDiagnostics') {
			const {uri, diagnostics} = params as unknown as {uri: string; diagnostics: Found[]};
			this.#diagnostics.get(uri)?.(diagnostics);
		} else if (id === undefined) {
			this.told.push(`${method} ${JSON.stringify(params)}`);
		} else {
			this.#send({id, result: null});
		}
	}
}
