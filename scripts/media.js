// Makes the README's pictures from a real session: drives the built program in a pseudo-terminal and draws its frames.
// usage: npm run media
import {mkdirSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {makeSession, root} from './session.js';
import {drawSvg} from './svg.js';

const files = {
	'.dstack.yml': `type: dev-environment

setup:
  - echo Collecting what the project needs
  - for part in torch numpy pandas; do echo "installing $part"; sleep 0.4; done
  - sleep 2
init:
  - echo ready to work

ports:
  - 8888

ide: vscode
`,
	'.dstack/profiles.yml': `profiles:
  - name: small
    resources:
      memory: 2GB
    max_duration: 8h
    default: true
  - name: large
    resources:
      memory: 24GB
      gpu:
        memory: 24GB
    max_price: 1.5
    spot_policy: auto
`,
	'train.py': 'print("hello")\n',
};

const session = makeSession(path.join(tmpdir(), 'you'), files);
const media = path.join(root, 'media');
mkdirSync(media, {recursive: true});
const terminal = session.open([], {columns: 100, rows: 28});
const picture = name => {
	writeFileSync(path.join(media, `${name}.svg`), drawSvg(terminal.emulator));
	process.stdout.write(`media/${name}.svg\n`);
};

try {
	await terminal.until('type: dev-environment');
	picture('configurations');
	terminal.press('enter');
	await terminal.until('ends itself after 8 hours');
	terminal.press('enter');
	await terminal.until('without isolation');
	// The whole catalogue is there.
	await terminal.until(/of 4\d,\d{3} offers/);
	picture('offers');
	terminal.press('enter');
	await terminal.until('enter start');
	picture('plan');
	terminal.press('enter');
	await terminal.until('installing pandas');
	picture('starting');
	await terminal.until('› connected');
	// The first round trips are measured a second apart.
	await terminal.until(/latency {2}\S{3}/);
	picture('connected');
	terminal.press('d');
	await terminal.ended;
} finally {
	terminal.kill('SIGKILL');
	session.remove();
}
