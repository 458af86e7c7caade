import {readdirSync, readFileSync} from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {holdsSecret} from '../../source/environment/code/command-secrets.js';
import {withoutCredentials} from '../../source/environment/code/git-config.js';
import {temporaryFolder} from '../support/folders.js';
import {git, hasGit} from './support.js';
import {plainHooks} from './hooks.js';

describe('a command', () => {
	it.each([
		'SSHPASS=hunter2 sshpass -e ssh',
		'SSHPASS="hunter2" sshpass -e ssh',
		"PASSWORD='pa$$w0rd' x",
		'export DEPLOY_TOKEN=abcdef && git push',
		"MYSQL_PWD='hunter2' mysql",
		'env PGPASSWORD=hunter2 psql',
		'AWS_SECRET_ACCESS_KEY=/bPxRfiCYEXAMPLE7MDENGwJalrXUtnFEMIK aws',
		'API_KEY=abc123def x',
		'sshpass -p hunter2 ssh',
		"sshpass -p'hunter2' ssh",
		'x --token abcdef',
		'x --token=abcdef',
		'x --password="hunter2"',
		'x --private-token hunter2 --verbose',
		'x --api-key=abc',
		'curl -u user:pass https://x.example',
		'curl -su "user:pass" https://x.example',
		'curl --silent \\\n\t--user user:pass \\\n\thttps://x.example',
		'wget --user=me --password=hunter2 x',
		'curl -u "$USER:hunter2" x',
		'curl -H "Authorization: Bearer abcdef" x',
		"curl -H 'Authorization: token abcdef' x",
		'curl -H "authorization:abcdef" x',
		'curl -H "PRIVATE-TOKEN: abcdef" x',
		'curl -H "X-Api-Key: abcdef" x',
		'curl -d "{\\"password\\": \\"hunter22\\"}" x',
		"requests.post(url, json={'token': 'abc123def'})",
		'token = "abc123def"',
		'git -c http.extraheader="AUTHORIZATION: basic abcdef" push',
		'curl -H "Authorization: Basic $(echo -n me:hunter2 | base64)" x',
		'machine x.example login me password hunter2',
		'openssl enc -pass pass:hunter2',
		'curl https://hooks.slack.com/services/T000/B000/abcdef',
		`git push https://x.example # gh${'p'}_${'a'.repeat(36)}`,
		`key="-----BEGIN OPENSSH ${'PRIVATE'} KEY-----"`,
	])('holds a secret: %s', text => {
		expect(holdsSecret(text)).toBe(true);
		expect(
			withoutCredentials(`[alias]\n\tx = "!${text.replace(/["\\]/g, String.raw`\$&`).replaceAll('\n', String.raw`\n`)}"\n`).text,
		).toBe('[alias]\n');
	});

	it.each([
		'SSHPASS=$PASS sshpass -e ssh',
		'SSHPASS="$(pass show x)" sshpass -e ssh',
		"TOKEN='$OTHER' x",
		'git push https://$USER:$TOKEN@x.example "https://me:${TOKEN}@x.example"',
		'TOKEN=${TOKEN:-} x',
		'TOKEN=`cat ~/.token` x',
		'export TOKEN="$1"',
		'pass=0; fail=1; pass=$((pass + 1))',
		'PASSWORD= x',
		'PASSWORD="" x',
		'USE_TOKEN=true x',
		'SSH_PRIVATE_KEY=~/.ssh/id_ed25519 x',
		'API_KEY=/run/secrets/key x',
		'PATH=/usr/bin x; BYPASS=1; COMPASS_DIR=x',
		'x --token "$TOKEN"',
		'x --token $TOKEN --password-file=pw.txt --password-stdin',
		'x --token <TOKEN>',
		'echo "give --token to push"',
		'gpg --passphrase-fd 0 --batch',
		'curl -u "$USER:$TOKEN" https://x.example',
		'curl -u me https://x.example:80',
		'docker run -u 1000:1000 x',
		'chown -u root:root x',
		'curl -H "Authorization: Bearer $TOKEN" x',
		'curl -H "Authorization: Bearer ${TOKEN}" -H "PRIVATE-TOKEN: $(pass x)" x',
		'curl -H "Authorization: Bearer {{ token }}" x',
		'printf "%s" "$user:$pass" | base64',
		'if [ "$token" = "undefined" ]; then',
		'token = line.split("=")[0]',
		"msg_token = 'feat(scope)'",
		'ssh -o PasswordAuthentication=no -i ~/.ssh/key',
		'git log --pretty=format:"%h %s" --author=me',
		'sshpass -e ssh',
	])('holds none: %s', text => {
		expect(holdsSecret(text)).toBe(false);
		const setting = `[alias]\n\tx = "!${text.replace(/["\\]/g, String.raw`\$&`)}"\n`;
		expect(withoutCredentials(setting)).toEqual({text: setting, left: []});
	});

	it('is no reason to fail, whatever it is', () => {
		const piece = fc.constantFrom(
			'TOKEN',
			'PASS',
			'=',
			':',
			'--token',
			' ',
			'"',
			"'",
			'\\',
			'\n',
			'$',
			'{',
			'}',
			'`',
			'curl',
			'-u',
			'|',
			'base64',
			'abc',
		);
		fc.assert(
			fc.property(fc.array(piece, {maxLength: 60}), pieces => {
				expect(typeof holdsSecret(pieces.join(''))).toBe('boolean');
			}),
		);
		for (const text of ['curl ', 'a', '-a', 'TOKEN=', '"', '\\', 'echo a:', '--token ', '$(', '{{']) {
			expect(typeof holdsSecret(text.repeat(20_000))).toBe('boolean');
		}
	});
});

describe('hooks that everybody has', () => {
	it.each(Object.entries(plainHooks))('%s hold no secret', (_name, text) => {
		expect(holdsSecret(text)).toBe(false);
	});

	it.skipIf(!hasGit)("git's samples hold no secret (needs git)", async () => {
		const folder = await temporaryFolder();
		git(folder, 'init', '-q');
		const hooks = path.join(folder, '.git/hooks');
		const names = readdirSync(hooks);
		expect(names.length).toBeGreaterThan(5);
		expect(names.filter(name => holdsSecret(readFileSync(path.join(hooks, name), 'latin1')))).toEqual([]);
	});
});
