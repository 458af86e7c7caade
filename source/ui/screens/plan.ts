import {formatBytes, formatDuration, formatGpus, formatMemory, formatPrice} from '../../offers/format.js';
import type {Plan} from '../../runs/engine.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import type {AppState} from '../store/state.js';
import {fit, wrap} from '../text.js';
import {glyphs, paint} from '../theme.js';
import {plural, type View} from '../view.js';
import {alive} from './alive.js';

/** What will be asked for, what it will cost, and what happens at the deadline. */
export function planView(state: AppState): View {
	const {plan, configuration, profile, offer, columns, now} = state;
	const path = [configuration?.label ?? '', ...(profile ? [profile.name] : []), 'plan'];
	return {
		path,
		right: alive(state),
		body: plan ? planRows(plan, columns, now) : [offer ? ` ${offer.backend} ${offer.instanceType}` : ''],
	};
}

function planRows(plan: Plan, columns: number, now: number): string[] {
	const {name, request, offer, code, ports, deadline, warnings} = plan;
	const {environment, choice, requirements} = request;
	const cells = Math.min(columns, 120);
	const line = (label: string, text: string): string[] =>
		wrap(text, cells - 18).map((piece, index) => ` ${paint.muted(fit(index === 0 ? label : '', 16))} ${piece}`);
	const hardware = [
		`${offer.cpu} cores`,
		`${formatMemory(offer.memory)} memory`,
		formatGpus(offer.gpus),
		offer.disk === undefined ? '' : `${formatMemory(offer.disk)} disk free`,
	]
		.filter(Boolean)
		.join(' · ');
	const prepared = [
		environment.image && `image ${environment.image}`,
		environment.python && `Python ${environment.python}`,
		environment.build.length > 0 && plural(environment.build.length, 'build command'),
		environment.setup.length > 0 && plural(environment.setup.length, 'setup command'),
		environment.init.length > 0 && plural(environment.init.length, 'init command'),
		Object.keys(environment.env).length > 0 && plural(Object.keys(environment.env).length, 'variable'),
	].filter(Boolean);
	return [
		'',
		...line('name', name),
		...line('configuration', `${choice.configuration.file}${choice.profile ? `, profile ${choice.profile.name}` : ''}`),
		...line('asked for', requirements.asked.map(({words, origin}) => `${words} (${origin})`).join(' · ') || 'anything'),
		'',
		...line('backend', `${offer.backend} · ${offer.instanceType} · ${offer.region}`),
		...line('resources', hardware),
		...line('spot', offer.spot ? 'yes: it can be interrupted' : 'no'),
		...line('price', price(plan, now)),
		...line('deadline', deadlineWords(deadline, now)),
		'',
		...line('code', `${plural(code.files, 'file')}, ${formatBytes(code.bytes)} from ${neutraliseLine(code.root)} (${code.kind})`),
		...(prepared.length > 0 ? line('prepared with', prepared.join(' · ')) : []),
		...line('ide', environment.ide ?? 'none: SSH only'),
		...(ports.length > 0
			? line(
					'ports',
					ports
						.map(({local, remote, direct}) => (direct || local === remote ? String(local) : `${local} → ${remote}`))
						.join(', '),
				)
			: []),
		...(warnings.length > 0
			? [
					'',
					...warnings.flatMap(warning =>
						wrap(warning, cells - 4).map((piece, index) => paint.warning(` ${index === 0 ? glyphs.warning : ' '} ${piece}`)),
					),
				]
			: []),
	];
}

function price({offer, deadline}: Plan, now: number): string {
	if (offer.price === 0) {
		return '$0: it runs on this machine';
	}

	const worst =
		deadline === undefined ? '' : `, at most ${formatPrice((offer.price * (deadline - now)) / 3_600_000)} until the deadline`;
	return `${formatPrice(offer.price)} an hour${worst}`;
}

const deadlineWords = (deadline: number | undefined, now: number): string =>
	deadline === undefined
		? 'none: it runs until you stop it'
		: `after ${formatDuration((deadline - now) / 1000)} it ends itself, whether or not this program runs; work that is neither committed nor pushed is kept until you stop it`;
