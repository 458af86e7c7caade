// How the measuring scripts count and print.
import process from 'node:process';

export const quantile = (values, share) =>
	values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))];
export const ms = value => `${value.toFixed(value < 10 ? 1 : 0)} ms`;
export const mb = bytes => `${(bytes / 1024 / 1024).toFixed(0)} MB`;
export const say = (what, text) => process.stdout.write(`${what.padEnd(46)} ${text}\n`);
export const spread = times => `p50 ${ms(quantile(times, 0.5))}, p95 ${ms(quantile(times, 0.95))}`;
export const pause = async milliseconds =>
	new Promise(resolve => {
		setTimeout(resolve, milliseconds);
	});
