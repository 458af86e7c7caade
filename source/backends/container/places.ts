/** Absolute path of the state folder in a container. */
export const stateFolder = '/dstack-tui';
/** Absolute path of the code in a container. */
export const workspace = '/workflow';
/** The port that a container's own SSH server listens on. */
export const sshPort = 10_022;
/** What is installed there for the environment itself; part of the image's own files, so a build keeps it. */
export const optionalFolder = '/opt/dstack-tui';
