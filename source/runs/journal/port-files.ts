/** Written by the owner for other programs that show the run, and by those while they do. */
export const countsFile = 'ports.json';

export const watchedFile = 'ports-watched';

/** Each request has a file of its own: two at the same moment are both heard. */
export const portRequestPrefix = 'port-requested-';

/** Whether a file in a run's folder is such a request, or the answer to one. */
export const isPortRequest = (name: string): boolean => name.startsWith(portRequestPrefix);
