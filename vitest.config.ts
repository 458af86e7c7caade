import process from 'node:process';
import {defineConfig} from 'vitest/config';

export default defineConfig({
	test: {
		// What only measures is run by `npm run bench`.
		include: [process.env['BENCH'] ? 'test/bench/*.bench.ts' : 'test/**/*.test.{ts,tsx}'],
		// Two cores: suites with real parts disturb each other's timing when more run at once.
		maxWorkers: 2,
		globalSetup: 'test/support/global-setup.ts',
		testTimeout: 60_000,
		hookTimeout: 300_000,
	},
});
