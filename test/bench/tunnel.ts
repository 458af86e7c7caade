// One tunnel in a process of its own, as the program has it, for `scripts/bench-tunnel.js`. Takes a JSON object: where to log in, and
// pairs of local and remote ports. Prints each change of its state as one JSON object a line; ends when its input does.
import process from 'node:process';
import {connect} from '../../source/tunnel/connection/connection.js';
import {type Destination} from '../../source/tunnel/connection/contract.js';
import {Tunnel} from '../../source/tunnel/tunnel.js';

type Order = {readonly destination: Destination; readonly ports: ReadonlyArray<readonly [number, number]>};
const {destination, ports} = JSON.parse(process.argv[2] ?? '') as Order;
let told = '';
const tunnel = new Tunnel({
	open: async signal => connect(destination, signal),
	onChange() {
		const {status, reason, reconnects} = tunnel.health;
		const text = JSON.stringify({status, reason, reconnects});
		if (text !== told) {
			told = text;
			process.stdout.write(`${text}\n`);
		}
	},
});
for (const [local, remote] of ports) {
	await tunnel.forwards.add(local, remote);
}

tunnel.start();
process.stdin.resume();
process.stdin.once('end', () => process.exit());
