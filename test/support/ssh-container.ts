import {randomBytes} from 'node:crypto';
import {writeFile} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {onTestFinished} from 'vitest';
import {generateKeyPair} from '../../source/tunnel/connection/keys.js';
import type {Destination} from '../../source/tunnel/connection/contract.js';
import type {Bench} from './engine.js';
import {temporaryFolder} from './folders.js';

/** A web server that answers with what it is asked for, and one that sends back what it gets. */
const servers = `
import http.server, socketserver, threading
class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(65536):
            self.request.sendall(data)
class Web(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = self.path.encode()
        self.send_response(200)
        self.send_header('content-length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *words):
        pass
class Echoes(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
threading.Thread(target=Echoes(('127.0.0.1', 7000), Echo).serve_forever).start()
http.server.ThreadingHTTPServer(('127.0.0.1', 8000), Web).serve_forever()
`;

/** As a machine that boots: what serves is there at once, the SSH server after as many seconds as `delay` says. */
const boot = `
set -e
mkdir -p /run/sshd /root/.ssh
chmod 700 /root/.ssh
install -m 600 /given/authorized_keys /root/.ssh/authorized_keys
install -m 600 /given/host_key /etc/ssh/given_key
python3 /given/servers.py &
sleep "$(cat /given/delay)"
exec /usr/sbin/sshd -D -e -o HostKey=/etc/ssh/given_key -o UsePAM=no -o PermitRootLogin=yes
`;

export type SshContainer = {
	readonly destination: Destination;
	/** Ports of its loopback: one sends back what it gets, one is a web server. */
	readonly echo: number;
	readonly web: number;
	/** Every process of it stands still; its connections stay open. */
	pause(): Promise<void>;
	unpause(): Promise<void>;
	stop(): Promise<void>;
	/** Starts it at the same address with the same host key; its SSH server answers `delay` seconds later. */
	start(delay: number): Promise<void>;
};

/** A container with an SSH server, for one test, in a network of its own: it keeps its address. */
export async function makeSshContainer({engine, image}: Bench): Promise<SshContainer> {
	const {docker} = engine;
	const folder = await temporaryFolder();
	const [identity, hostKey] = await Promise.all([generateKeyPair('test'), generateKeyPair('host')]);
	const give = async (name: string, text: string) => writeFile(path.join(folder, name), text, {mode: 0o600});
	await give('authorized_keys', `${identity.public}\n`);
	await give('host_key', hostKey.private);
	await give('servers.py', servers);
	await give('delay', '0');
	const name = `dt-tunnel-${process.pid}-${randomBytes(4).toString('hex')}`;
	await makeNetwork(docker, name);
	onTestFinished(async () => {
		await docker('network', 'rm', name);
	});
	const subnet = await docker('network', 'inspect', '--format', '{{(index .IPAM.Config 0).Subnet}}', name);
	const host = subnet.replace(/\d+\/\d+$/, '9');
	onTestFinished(async () => {
		await docker('rm', '--force', '--volumes', name);
	});
	await docker(
		...['run', '--detach', '--name', name, '--network', name, '--ip', host],
		...['-v', `${folder}:/given:ro`, image, 'sh', '-c', boot],
	);
	return {
		destination: {host, port: 22, user: 'root', privateKey: identity.private, hostKeys: [hostKey.public]},
		echo: 7000,
		web: 8000,
		async pause() {
			await docker('pause', name);
		},
		async unpause() {
			await docker('unpause', name);
		},
		async stop() {
			await docker('stop', '--time', '1', name);
		},
		async start(delay) {
			await give('delay', String(delay));
			await docker('start', name);
		},
	};
}

async function makeNetwork(docker: Bench['engine']['docker'], name: string): Promise<void> {
	for (let attempt = 0; ; attempt++) {
		const [second = 0, third = 0] = randomBytes(2);
		try {
			await docker('network', 'create', '--subnet', `10.${150 + (second % 50)}.${third}.0/24`, name);
			return;
		} catch (error) {
			if (attempt >= 5 || !/overlaps/.test(String((error as {stderr?: string}).stderr))) {
				throw error;
			}
		}
	}
}
