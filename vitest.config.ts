import {defineConfig} from 'vitest/config';

export default defineConfig({
	test: {
		include: ['test/**/*.test.{ts,tsx}'],
		// Two cores: suites with real parts disturb each other's timing when more run at once.
		maxWorkers: 2,
		testTimeout: 60_000,
		hookTimeout: 300_000,
	},
});
