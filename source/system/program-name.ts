import process from 'node:process';

/** How the person calls this program: in a clone that is started by npm, the bare name would not be found. */
export const programName = process.env['npm_lifecycle_event'] === 'start' ? 'npm start --' : 'dstack-tui';
