import {formatGpus, formatMemory} from '../../offers/format.js';
import {formatBytes} from '../../system/format.js';
import type {Plan} from '../../runs/model/choice.js';
import {
	besidePlanned,
	buildWords,
	deadlineWords,
	endlessWords,
	imageWords,
	missingBuild,
	othersWords,
	priceWords,
	readyWords,
} from '../../runs/words/plan-words.js';
import {givenLines, leavingCautions, leavingLines} from '../../runs/words/leaving-words.js';
import {processWords, repositoryWords} from '../../runs/words/start-words.js';
import {instanceKind} from '../../offers/instance-kind.js';
import {neutraliseLine} from '../../system/terminal-text.js';
import {bodyRows} from '../drawing/frame.js';
import type {AppState} from '../store/state.js';
import {cut, fit, wrap} from '../drawing/cells.js';
import {glyphs, paint} from '../drawing/theme.js';
import {plural, type View} from '../drawing/lines.js';
import {alive} from './alive.js';

/** What will be asked for, what it will cost, and what happens at the deadline; from the line that is scrolled to. */
export function planView(state: AppState): View {
	const {plan, configuration, profile, offer} = state;
	const path = [configuration?.label ?? '', ...(profile ? [profile.name] : []), 'plan'];
	return {
		path,
		right: alive(state),
		body: plan ? scrolled(planRows(state, plan), state) : [offer ? ` ${offer.backend} ${offer.instanceType}` : ''],
	};
}

/** Lines that the top of the plan can stand at: one where all of it fits. */
export function planTops(state: AppState): number {
	const hidden = state.plan ? planRows(state, state.plan).length - bodyRows(state) : 0;
	return hidden > 0 ? hidden + 2 : 1;
}

/** What is hidden is said on the last line. */
function scrolled(rows: readonly string[], state: AppState): string[] {
	const tops = planTops(state);
	if (tops === 1) {
		return [...rows];
	}

	const height = bodyRows(state) - 1;
	const top = Math.min(state.cursor.plan, tops - 1);
	const below = rows.length - top - height;
	const words =
		below > 0 ? `${glyphs.descending} ${plural(below, 'more line')} (j)` : `${glyphs.ascending} ${plural(top, 'line')} above (k)`;
	return [...rows.slice(top, top + height), paint.accent(cut(` ${words}`, state.columns))];
}

const mostCommands = 10;

function planRows({columns, now}: AppState, plan: Plan): string[] {
	const {name, request, offer, image, code, ports, warnings} = plan;
	const endless = endlessWords(plan);
	const others = othersWords(plan);
	const build = buildWords(plan);
	const ready = readyWords(plan);
	const repository = repositoryWords(plan, code.trusted ? 'T takes that back' : 'T vouches for it');
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
	const prepared = environment.python === undefined ? [] : [`Python ${environment.python}`];
	const commands = (['build', 'setup', 'init'] as const).flatMap(kind => {
		const all = environment[kind].map(command => neutraliseLine(command.trim()));
		const more = all.length > mostCommands ? [`… and ${all.length - mostCommands} more`] : [];
		const title = kind === 'build' && build !== undefined ? 'build with' : kind;
		return [...all.slice(0, mostCommands), ...more].flatMap((command, index) => line(index === 0 ? title : '', command));
	});
	const missing = image.decision === 'missing' ? [`${missingBuild} (${image.why.join('; ')}): b makes it`] : [];
	const cautions = [
		...missing,
		...[processWords(plan), endless].filter(line => line !== undefined),
		...leavingCautions(plan),
		...warnings,
	].flatMap(warning =>
		wrap(neutraliseLine(warning), cells - 4).map((piece, index) =>
			paint.warning(` ${index === 0 ? glyphs.warning : ' '} ${piece}`),
		),
	);
	return [
		'',
		// First, so that no small screen hides them.
		...(cautions.length > 0 ? [...cautions, ''] : []),
		...line('name', name),
		...line('configuration', `${choice.configuration.file}${choice.profile ? `, profile ${choice.profile.name}` : ''}`),
		...line('asked for', requirements.asked.map(({words, origin}) => `${words} (${origin})`).join(' · ') || 'anything'),
		'',
		...line('backend', `${offer.backend} · ${offer.instanceType} · ${offer.region} · a ${instanceKind(offer)}`),
		...line('resources', hardware),
		...(image.image === undefined ? [] : line('image', imageWords(image.image))),
		...(build === undefined ? [] : line('build', build)),
		...line('spot', offer.spot ? 'yes: it can be interrupted' : 'no'),
		...line('price', priceWords(plan, now)),
		...besidePlanned(plan).flatMap(text => line('', text)),
		...line('deadline', deadlineWords(plan, now)),
		...(ready === undefined ? [] : line('ready', ready)),
		...(others === undefined ? [] : line('then', neutraliseLine(others))),
		'',
		...line('code', codeWords(code)),
		...(repository === undefined ? [] : line('repository', repository)),
		...[...leavingLines(plan), ...givenLines(plan)].flatMap(([label, text]) => line(label, text)),
		...(prepared.length > 0 ? line('prepared with', prepared.join(' · ')) : []),
		...commands,
		...line('ide', environment.ide ?? 'none: SSH only'),
		...(ports.length > 0
			? line(
					'ports',
					ports
						.map(({local, remote, direct}) => (direct || local === remote ? String(local) : `${local} → ${remote}`))
						.join(', '),
				)
			: []),
	];
}

const codeWords = ({files, bytes, root, kind}: Plan['code']): string =>
	`${plural(files, 'file')}${kind === 'folder' ? '' : ' with the history'}, ${formatBytes(bytes)} from ${neutraliseLine(root)} (${kind})`;
