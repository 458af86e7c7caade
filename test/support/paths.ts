import path from 'node:path';
import {type Paths, resolvePaths} from '../../source/system/paths.js';

/** All below `home`, also what is usually in the person's own home: a test must not write there. */
export const testPaths = (home: string): Paths => ({
	...resolvePaths({DSTACK_TUI_HOME: home}),
	home,
	userSshConfig: path.join(home, '.ssh', 'config'),
	sshReadsUserConfig: false,
});
