import {familiarName, type ImageReference} from '../../system/image-reference.js';
import {HttpError} from '../../system/http.js';
import {Problem} from '../../system/problem.js';
import {neutraliseLine} from '../../system/terminal-text.js';

/** What was wanted of a registry, and who was known to it: what the report of a failure needs. */
export type Attempt = {
	/** `ghcr.io` */
	readonly registry: string;
	/** What it was about, as it is shown. */
	readonly subject: string;
	readonly act: 'read' | 'list' | 'delete';
	/** Where the login came from; undefined where there was none. */
	readonly login: string | undefined;
};

const mostWords = 200;

/** A registry's own words for a failure: `{"errors": [{"code", "message"}]}`; never trusted, and kept short. */
function wordsOf({text}: HttpError): string {
	try {
		const {errors} = JSON.parse(text ?? '') as {errors?: ReadonlyArray<{code?: unknown; message?: unknown}>};
		const [first] = Array.isArray(errors) ? errors : [];
		const words = typeof first?.message === 'string' && first.message !== '' ? first.message : first?.code;
		return typeof words === 'string' ? `: ${neutraliseLine(words).slice(0, mostWords)}` : '';
	} catch {
		return '';
	}
}

/** A failure of HTTP as a problem of the image: the cause, and what to do next. What is none of HTTP comes back as it is. */
export function registryProblem(error: unknown, {registry, subject, act, login}: Attempt): unknown {
	if (!(error instanceof HttpError)) {
		return error;
	}

	const failed = (message: string, next: string) => new Problem('failed', message, {next, cause: error});
	const logIn = `\`docker login ${registry}\`, \`registry_auth\` in the configuration or \`registry\` in the settings gives one.`;
	if (error.status === 401) {
		return login === undefined
			? failed(`${subject} is not there, or ${registry} wants a login for it and none is known`, `Check the name; ${logIn}`)
			: failed(`${registry} refused the login from ${login}${wordsOf(error)}`, `Check username and password: ${logIn}`);
	}

	if (error.status === 403) {
		return failed(
			`${registry} does not allow ${login === undefined ? 'anybody' : `the login from ${login}`} to ${act} ${subject}${wordsOf(error)}`,
			login === undefined ? `Log in: ${logIn}` : 'Ask the owner of the repository for the right, or use another login.',
		);
	}

	if (error.status === 405 || (act === 'delete' && /UNSUPPORTED/.test(error.text ?? ''))) {
		return failed(
			`${registry} does not allow that ${subject} is deleted this way`,
			"Delete it with the registry's own page or tool; a registry that you run needs `delete` to be enabled.",
		);
	}

	if (error.status === 429) {
		return failed(
			`${registry} takes no more questions for now${wordsOf(error)}`,
			`Wait, log in (\`docker login ${registry}\`), or name a \`mirror\` in the settings.`,
		);
	}

	if (error.kind === 'network' && /certificate/.test(error.words)) {
		return failed(
			`${error.host} ${error.words}`,
			'Name its authority in NODE_EXTRA_CA_CERTS; a registry that speaks plain HTTP belongs into `insecure_registries` of the settings.',
		);
	}

	if (error.kind === 'network' || error.kind === 'timeout') {
		return failed(
			`The registry cannot be asked about ${subject}: ${error.message}`,
			'Check the network and the name of the registry, and try again.',
		);
	}

	if (error.kind === 'status') {
		return failed(
			`The registry cannot be asked about ${subject}: ${error.message}${wordsOf(error)}`,
			'Check the name of the registry, or try again later.',
		);
	}

	return failed(
		`${error.message}: what ${registry} says of ${subject} cannot be used`,
		'Check that a registry of images answers there.',
	);
}

/** An answer that is not what the specification says. */
export const badAnswer = (registry: string, what: string): Problem =>
	new Problem('failed', `${registry} answered with ${what}`, {next: 'Check that a registry of images answers there.'});

/** There is no such image. */
export const noSuchImage = (reference: ImageReference): Problem =>
	new Problem('configuration', `There is no image ${familiarName(reference)} in ${reference.registry}`, {
		next: reference.digest === undefined ? 'Check the name and the tag.' : 'Check the name and the digest.',
	});
