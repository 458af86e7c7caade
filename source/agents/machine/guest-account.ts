/** Absolute path of the code on a machine of ours. */
export const guestWorkspace = '/workflow';
/** Absolute path there of the folder for the guard and for steps' scripts, states and logs; only root may enter it. */
export const guestStateFolder = '/dstack-tui';
/** Who logs in there. */
export const guestUser = 'root';
