/** Absolute path of the code in a container. */
export const workspace = '/workflow';
/** Absolute path there of the folder for steps' scripts, states and logs; no part of an image that is made of it. */
export const stateFolder = '/dstack-tui';
/** Where the container's SSH server listens. */
export const sshPort = 10_022;
/** Absolute path there of the virtual environment that `python` asks for: in the image's own file system, so that a build keeps it. */
export const containerVenv = '/opt/dstack-tui/venv';
/** On a machine: the name of the environment's container, and where its state folder lies outside of it. */
export const containerName = 'dstack-tui-environment';
export const outerStateFolder = '/dstack-tui/environment';
