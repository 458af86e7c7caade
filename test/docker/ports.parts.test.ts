import {mkdir, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {describe, expect, test} from 'vitest';
import {type Bench, findBench} from '../support/engine.js';
import {eventually} from '../support/program.js';
import {roundTrip} from '../support/servers.js';
import {linesOf, makeDockerWorld} from './support.js';

const found = await findBench('Ports that start to listen in a container', ['ssh', 'git']);
const bench = found as Bench;

/** Sends back each line at `port` of the environment, with what every image of these tests has. */
const server = (port: number): string =>
	`setsid perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(LocalPort => ${port}, Listen => 5, ReuseAddr => 1); while (my $c = $s->accept) { $c->autoflush; while (my $line = <$c>) { print $c $line } close $c }' >/dev/null 2>&1 </dev/null & true`;

describe.skipIf(!found)('ports that start to listen in a container', {timeout: 180_000}, () => {
	test('are told to who follows, forwarded at once where the setting says so, and still forwarded after the next attach', async () => {
		const world = await makeDockerWorld(bench);
		const {name} = await world.ready();
		const asking = world.start(['attach', name, '--json']);
		await asking.until('"type":"ports-known"');
		expect((await world.ssh(name, server(47_101))).code).toBe(0);
		await asking.until('"type":"port-offered"');
		expect(linesOf(asking).find(({type}) => type === 'port-offered')).toMatchObject({run: name, remote: 47_101, process: 'perl'});
		asking.child.kill('SIGTERM');
		await asking.ended;

		await mkdir(path.join(world.home, 'dt'), {recursive: true});
		await writeFile(path.join(world.home, 'dt/config.json'), JSON.stringify({forward_ports: 'always'}));
		const always = world.start(['attach', name, '--plain']);
		await always.until('port 127.0.0.1:47101 → 47101 there (perl started to listen there)');
		const answer = await eventually(
			async () => roundTrip(47_101, 'a line\n').then(String, String),
			text => text === 'a line\n',
		);
		expect(answer).toBe('a line\n');
		always.child.kill('SIGTERM');
		await always.ended;
		expect((await world.ps())[0]).toMatchObject({ports: [{local: 47_101, remote: 47_101, added: true}]});
	});
});
