// Writes catalogue/snapshot.bin, the dated offers that the package ships, from a folder of CSV files: one for each backend
// (instance_type, region, arch, cpus, memory_mib, gpu_vendor, gpu_name, gpu_count, gpu_memory_mib, spot, price, estimated, as_of)
// and aws-spot-advisor.csv (region, instance_type, savings_pct, interruption_band). catalogue/README.md says where the facts come from.
// usage: node scripts/catalogue.js FOLDER [OUTPUT]
import {mkdtempSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {fileURLToPath, pathToFileURL} from 'node:url';
import {build} from 'esbuild';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const advisor = 'aws-spot-advisor.csv';
const others = new Set([advisor, 'accelerators.csv']);
const byBackend = {
	aws: 'AWS price list, by karpenter-provider-aws',
	azure: 'Azure retail prices, by karpenter-provider-azure',
	gcp: 'Google Cloud prices, by karpenter-provider-gcp',
};
const source = (backend, row) =>
	row.estimated === '1'
		? 'on-demand price less the saving of the AWS Spot Advisor'
		: (byBackend[backend] ?? 'SkyPilot catalogue');
/** Neighbours that are alike take the least room. */
const order = ['instance_type', 'spot', 'region'];
const compare = (a, b) => {
	const name = order.find(each => a[each] !== b[each]);
	return name === undefined ? 0 : a[name] < b[name] ? -1 : 1;
};

/** Plain CSV: no cell of these files holds a comma or a quote, and one that does is an error. */
const readCsv = file => {
	const [head, ...lines] = readFileSync(file, 'utf8').trim().split(/\r?\n/);
	const names = head.split(',');
	return lines.map((line, index) => {
		const cells = line.split(',');
		if (cells.length !== names.length || line.includes('"')) {
			throw new Error(`${file}:${index + 2}: expected ${names.length} plain cells`);
		}

		return Object.fromEntries(names.map((name, column) => [name, cells[column]]));
	});
};

const number = (row, name) => {
	const value = Number(row[name]);
	if (row[name] === '' || !Number.isFinite(value) || value < 0) {
		throw new Error(`${row.instance_type} in ${row.region}: ${name} is '${row[name]}'`);
	}

	return value;
};

const dateOf = row => {
	const date = Date.parse(`${row.as_of}T00:00:00Z`);
	if (Number.isNaN(date)) {
		throw new Error(`${row.instance_type} in ${row.region}: as_of is '${row.as_of}'`);
	}

	return date;
};

const toFacts = (backend, row, bands) => ({
	backend,
	region: row.region,
	instanceType: row.instance_type,
	architecture: row.arch === 'x86_64' || row.arch === 'arm64' ? row.arch : 'unknown',
	cpu: number(row, 'cpus'),
	memory: number(row, 'memory_mib'),
	...(number(row, 'gpu_count') > 0
		? {
				gpu: {
					vendor: row.gpu_vendor,
					name: row.gpu_name,
					count: number(row, 'gpu_count'),
					memory: number(row, 'gpu_memory_mib'),
				},
			}
		: {}),
	spot: row.spot === '1',
	price: number(row, 'price'),
	estimated: row.estimated === '1',
	source: source(backend, row),
	date: dateOf(row),
	availability: 'unknown',
	...(row.spot === '1' && bands.has(`${row.region} ${row.instance_type}`)
		? {interruption: bands.get(`${row.region} ${row.instance_type}`)}
		: {}),
});

const bundle = async () => {
	const folder = mkdtempSync(path.join(tmpdir(), 'catalogue-'));
	const outfile = path.join(folder, 'write.mjs');
	try {
		await build({
			entryPoints: [path.join(root, 'source/offers/catalogue/write.ts')],
			outfile,
			bundle: true,
			platform: 'node',
			format: 'esm',
			logLevel: 'error',
		});
		return await import(pathToFileURL(outfile).href);
	} finally {
		rmSync(folder, {recursive: true, force: true});
	}
};

const [folder, output = path.join(root, 'catalogue/snapshot.bin')] = process.argv.slice(2);
if (folder === undefined) {
	process.stderr.write('usage: node scripts/catalogue.js FOLDER [OUTPUT]\n');
	process.exit(2);
}

const advice = readCsv(path.join(folder, advisor));
const bands = new Map(advice.map(row => [`${row.region} ${row.instance_type}`, row.interruption_band]));
const backends = readdirSync(folder)
	.filter(name => name.endsWith('.csv') && !others.has(name))
	.sort();
const {offersSection, bandsSection, pack} = await bundle();
const sections = [];
let adviceDate = 0;
for (const name of backends) {
	const backend = path.basename(name, '.csv');
	const all = readCsv(path.join(folder, name)).sort(compare);
	// A size of 0 is none that anybody knows.
	const rows = all.filter(row => number(row, 'cpus') > 0 && number(row, 'memory_mib') > 0 && number(row, 'price') > 0);
	if (rows.length < all.length) {
		process.stdout.write(`${backend}: ${all.length - rows.length} rows without cores, memory or price are left out\n`);
	}

	sections.push(
		await offersSection(
			backend,
			rows.map(row => toFacts(backend, row, backend === 'aws' ? bands : new Map())),
		),
	);
	// What is estimated comes from the advisor, and has its date.
	adviceDate = Math.max(adviceDate, ...rows.filter(row => row.estimated === '1').map(dateOf));
}

const toBand = row => ({
	backend: 'aws',
	region: row.region,
	instanceType: row.instance_type,
	interruption: row.interruption_band,
});
sections.push(bandsSection('aws', advice.sort(compare).map(toBand), adviceDate));
const file = pack(sections);
mkdirSync(path.dirname(output), {recursive: true});
writeFileSync(output, file);
for (const {kind, backend, rows, date, bytes} of sections) {
	const from = date > 0 ? new Date(date).toISOString().slice(0, 10) : '';
	process.stdout.write(
		`${backend.padEnd(8)} ${kind.padEnd(6)} ${String(rows).padStart(6)} rows ${from.padEnd(10)} ${bytes.length} bytes\n`,
	);
}

process.stdout.write(`${output}: ${file.length} bytes\n`);
