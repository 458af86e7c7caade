import {neutraliseLine} from '../../system/terminal-text.js';
import type {SshResult} from './run-ssh.js';

/** Why `ssh NAME` does not work, and what to do about it. */
export type SshFailure = {readonly why: string; readonly next: string};

type Names = {
	readonly name: string;
	/** The machine on the way, where there is one. */
	readonly hop: string | undefined;
	/** The command line that the person types. */
	readonly command: string;
};

type Saying = {
	readonly pattern: RegExp;
	readonly tell: (found: readonly string[], names: Names) => SshFailure;
};

const verbose = ({command}: Names): string => `See all of what it says: ${command.replace(/^ssh/, 'ssh -v')}`;

/** A line of a config that ssh does not come past. */
const badLine: Saying = {
	pattern: /^(\/.+?|[^\s:]+config)(?::)? line (\d+): (.+)$/m,
	tell: ([file = '', line = '', what = '']) => ({
		why: `line ${line} of ${file} stops ssh for every host: ${what.replace(/\.$/, '')}`,
		next: 'Mend that line.',
	}),
};

/** What OpenSSH writes (9.2, and 7.4 to 10 by its source), the cause before what follows from it. */
const sayings: readonly Saying[] = [
	{
		pattern: /^Bad owner or permissions on (.+)$/m,
		tell: ([file = '']) => ({
			why: `ssh refuses ${file}: it is somebody else’s, or others may write to it`,
			next: `It is to be yours and writable by you only: chmod 600 ${file}`,
		}),
	},
	{
		pattern: /^Can't open user config file (.+?): (.+)$/m,
		tell: ([file = '', what = '']) => ({why: `ssh cannot read ${file}: ${what}`, next: 'Attach again: that writes it anew.'}),
	},
	{
		pattern: /REMOTE HOST IDENTIFICATION HAS CHANGED|Host key verification failed|No (?:ED25519|\S+) host key is known for/,
		tell: (_, {name}) => ({
			why: 'the machine that answers shows another host key than the pinned one',
			next: `It may be another machine: do not trust it. Where that cannot be explained, end ${name}.`,
		}),
	},
	{
		pattern: /UNPROTECTED PRIVATE KEY FILE|Permissions \d+ for '.+' are too open/,
		tell: (_, {name}) => ({
			why: 'the key of the environment may be read by others on this machine, and so ssh refuses it',
			next: `Let nobody else read the folder of ${name}: chmod 600 its id_ed25519.`,
		}),
	},
	{
		pattern: /Cannot execute command-line and remote command/,
		tell: () => ({
			why: '`RemoteCommand` in your ssh settings holds for the environment as well',
			next: 'Limit it to the hosts that it is meant for.',
		}),
	},
	{
		pattern: /Unable to negotiate .*?no matching (.+?) found/,
		tell: ([what = '']) => ({
			why: `your ssh settings and the server there have no ${what} in common`,
			next: 'Look for Ciphers, MACs and KexAlgorithms in your ssh settings.',
		}),
	},
	{
		pattern: /Too many authentication failures/,
		tell: () => ({
			why: 'the server refuses the login after too many keys',
			next: 'Look for IdentityFile and CertificateFile below `Host *` in your ssh settings.',
		}),
	},
	{
		pattern: /Permission denied \(|Permission denied, please try again/,
		tell: (_, {name}) => ({
			why: 'the server there refuses the key',
			next: `Somebody may have changed authorized_keys or the SSH server in ${name}.`,
		}),
	},
	{
		pattern: /Could not resolve hostname (\S+?):/,
		tell: ([host = ''], {name}) => ({
			why: host === name ? `ssh knows no ${name}` : `ssh finds no address for ${host}`,
			next: host === name ? 'The Include of its aliases is missing: attach again.' : 'Look at the network of this machine.',
		}),
	},
	{
		pattern: /channel \d+: open failed: (?:connect failed|administratively prohibited): (.+)/,
		tell: ([what = ''], {name, hop}) => ({
			why: `${hop ?? name} answers, but the environment’s own SSH server does not: ${what.trim()}`,
			next: `Look there: ssh ${hop ?? name}`,
		}),
	},
	{
		pattern: /connect to host (\S+) port (\d+): (.+)/,
		tell: ([host = '', port = '', what = ''], {name, hop}) => ({
			why: `${hop ?? name} cannot be reached at ${host}:${port}: ${what.trim()}`,
			next: 'Look at the network of this machine, and at what stands between.',
		}),
	},
	{
		pattern: /Connection timed out during banner exchange|Connection (?:closed|reset) by|kex_exchange_identification|Broken pipe/,
		tell: (_, names) => ({why: 'the connection was closed before the login', next: verbose(names)}),
	},
];

/** What a failed `ssh` said, as the cause and the next step. */
export function explainSsh(said: SshResult, names: Names): SshFailure {
	if (said.missing) {
		return {
			why: 'there is no `ssh` on this machine’s PATH',
			next: 'Install the OpenSSH client (Debian and Ubuntu: apt install openssh-client).',
		};
	}

	if (said.refusal !== undefined) {
		return {
			why: neutraliseLine(`ssh cannot be started: ${said.refusal}`),
			next: 'Look what keeps this machine from it, and try again.',
		};
	}

	const all = said.stderr.replaceAll('\r', '');
	// Said at every start of ssh, which then goes on.
	const text = all.replaceAll(/^.* line \d+: (?:Unsupported|Deprecated) option .*\n?/gm, '');
	const isStopped = /terminating, \d+ bad configuration options/.test(text);
	for (const {pattern, tell} of isStopped ? [badLine, ...sayings] : [...sayings, badLine]) {
		const found = pattern.exec(text);
		if (found) {
			const {why, next} = tell(found.slice(1), names);
			return {why: neutraliseLine(why), next: neutraliseLine(next)};
		}
	}

	if (said.timedOut) {
		return {why: 'ssh does not come to an end', next: verbose(names)};
	}

	const last = (text.trim() || all.trim()).split('\n').at(-1) ?? '';
	return {
		why: last === '' ? `ssh ends with ${said.code ?? 'a signal'} and says nothing` : neutraliseLine(last),
		next: verbose(names),
	};
}
