/** Absolute path of the state folder in a container. */
export const stateFolder = '/dstack-tui';
/** In the state folder: a line for each login, as sshd says it. */
export const loginsFile = 'logins';
/** Absolute path of the code in a container. */
export const workspace = '/workflow';
/** The port that a container's own SSH server listens on. */
export const sshPort = 10_022;
/** What is installed there for the environment itself; part of the image's own files, so a build keeps it. */
export const optionalFolder = '/opt/dstack-tui';
/** Absolute path there of the virtual environment that `python` asks for. */
export const containerVenv = `${optionalFolder}/venv`;
/** On a machine: the name of the environment's container, and where its state folder lies outside of it. */
export const containerName = 'dstack-tui-environment';
export const hostStateFolder = '/dstack-tui/environment';
