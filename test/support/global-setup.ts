import process from 'node:process';
import {leaveOwnEngine} from './own-engine.js';

/** One for all test files: what one of them starts for the others ends with the run. */
export default function setUp(): () => Promise<void> {
	process.env['DT_TEST_RUN'] = String(process.pid);
	return leaveOwnEngine;
}
