import type {RunHandle} from '../../runs/model/run-handle.js';
import {messageOf, Problem} from '../../system/problem.js';
import {chosenPort, forwardKey, localUrl, portItems, reverseKey} from './port-items.js';
import type {App} from './app.js';
import {changeRun, changeOpen, currentHandle} from './tabs.js';

/** Moves the cursor among the ports; from none to the first, or the last. */
export function movePort(app: App, by: 1 | -1): void {
	const {run} = app.state();
	const items = run ? portItems(run.health) : [];
	if (items.length === 0) {
		app.say('There are no ports yet; + adds one');
		return;
	}

	const at = items.findIndex(({key}) => key === run?.port);
	const next = at < 0 ? (by > 0 ? 0 : items.length - 1) : Math.max(0, Math.min(items.length - 1, at + by));
	changeRun(app, {port: items[next]?.key});
}

const forward = async (app: App, handle: RunHandle, remote: number, local?: number): Promise<void> =>
	app.work(`forwarding ${remote}`, async () => {
		const bound = await handle.forward(remote, local);
		changeOpen(app, handle, {port: forwardKey(bound)});
		app.say(`${localUrl(bound)} leads to port ${remote} of ${handle.name}`);
	});

/** Forwards the offered port under the cursor, or the one that is offered. */
export async function forwardOffered(app: App): Promise<void> {
	const {run} = app.state();
	const handle = currentHandle(app);
	const offered = run?.health.offered ?? [];
	const chosen = chosenPort(run);
	const port = chosen?.kind === 'offered' ? chosen.port : offered.length === 1 ? offered[0] : undefined;
	if (handle && port) {
		await forward(app, handle, port.port);
	} else if (offered[0]) {
		changeRun(app, {port: `offered ${offered[0].port}`});
		app.say(`${offered.length} ports are offered: ↑↓ choose one, f forwards it`);
	}
}

/** Forwards what starts to listen from now on without being asked, or asks again. What is offered now is forwarded at once. */
export async function toggleAlways(app: App): Promise<void> {
	const {preferences} = app.core;
	const always = preferences.forwardPorts() !== 'always';
	preferences.rememberForwardPorts(always ? 'always' : 'ask');
	const handle = currentHandle(app);
	if (always && handle) {
		for (const {port} of handle.health().offered) {
			await forward(app, handle, port);
		}
	}

	if (!app.state().trouble) {
		app.say(
			always ? 'Ports that start to listen are forwarded from now on; F asks again' : 'Ports that start to listen are offered',
		);
	}
}

const portOf = (text: string | undefined): number | undefined => {
	const port = /^\d{1,5}$/.test(text ?? '') ? Number(text) : 0;
	return port > 0 && port < 65_536 ? port : undefined;
};

/** `8080` or `9000:8080`, as numbers. Throws a `Problem` for anything else. */
export function parsePorts(text: string, example: string): readonly [number, number] {
	const [first, second, ...rest] = text.trim().split(':');
	const [left, right] = [portOf(first), portOf(second ?? first)];
	if (left === undefined || right === undefined || rest.length > 0) {
		throw new Problem('usage', `'${text.trim()}' is no port`, {next: `Such as ${example}; numbers from 1 to 65535.`});
	}

	return [left, right];
}

/** Asks for a port of the environment, and where it is to be here; `text` is there already. */
export async function addPort(app: App, text = ''): Promise<void> {
	const handle = currentHandle(app);
	const given = handle && (await app.prompt('port there, or HERE:THERE: ', text));
	if (handle && given?.trim()) {
		await app.work('', async () => {
			const [local, remote] = parsePorts(given, '8080 or 9000:8080');
			await forward(app, handle, remote, given.includes(':') ? local : undefined);
		});
	}
}

/** Asks for a port in the environment that is to lead to one of this machine. */
export async function addReverse(app: App): Promise<void> {
	const handle = currentHandle(app);
	const given = handle && (await app.prompt('reverse: port there, or THERE:HERE: ', ''));
	if (handle && given?.trim()) {
		await app.work('', async () => {
			const [remote, local] = parsePorts(given, '3000 or 3000:4000');
			await handle.reverse(remote, local);
			changeOpen(app, handle, {port: reverseKey(remote)});
			app.say(`port ${remote} of ${handle.name} leads to ${local} here`);
		});
	}
}

/** Takes away what was added, or what is offered, under the cursor; what carries connections only after a question. */
export function takePortAway(app: App): void {
	const handle = currentHandle(app);
	const chosen = chosenPort(app.state().run);
	if (!handle || !chosen) {
		app.say('p chooses a port first', 'error');
		return;
	}

	if (chosen.kind === 'offered') {
		handle.dismiss(chosen.port.port);
		app.say(`${chosen.port.port} is left alone until it starts to listen anew`);
		return;
	}

	if (chosen.kind === 'forward' && !chosen.port.added) {
		app.say('It is one of the configuration, and stays', 'error');
		return;
	}

	const {local, remote, open} = chosen.port;
	const what = chosen.kind === 'forward' ? `${local} ` : `${remote} there `;
	const takeAway = () =>
		void app.work(`taking ${what.trim()} away`, async () => {
			await (chosen.kind === 'forward' ? handle.unforward(local) : handle.unreverse(remote));
			changeOpen(app, handle, {port: undefined});
			app.say(`${what}leads nowhere any more`);
		});
	if (open === 0) {
		takeAway();
		return;
	}

	const options = [
		{label: 'No, leave it as it is', value: 'no'},
		{label: 'Yes, cut them off', value: 'yes'},
	];
	const connections = open === 1 ? '1 connection is' : `${open} connections are`;
	app.ask({title: `Take ${what.trim()} away? ${connections} open`, lines: [], options}, value => {
		if (value === 'yes') {
			takeAway();
		}
	});
}

/** Opens a link in the person's browser, and says so. */
export async function openUrl(app: App, url: string, shown = url): Promise<void> {
	try {
		await app.options.open(url);
		app.say(`Opening ${shown}`);
	} catch (error) {
		app.say(`It could not be opened from here (${messageOf(error)}): ${shown}`, 'error');
	}
}

/** The port under the cursor in the browser; an offered one is forwarded first. */
export async function openPort(app: App): Promise<void> {
	const {run} = app.state();
	const chosen = chosenPort(run);
	if (chosen?.kind === 'offered') {
		await forwardOffered(app);
	} else if (chosen) {
		await openUrl(app, localUrl(chosen.port.local));
	}
}

export function copyPort(app: App): void {
	const chosen = chosenPort(app.state().run);
	if (chosen) {
		app.copy(localUrl(chosen.kind === 'offered' ? chosen.port.port : chosen.port.local));
	}
}
