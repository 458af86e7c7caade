/** Written by the owner for other programs that show the run, and by those while they do. */
export const countsFile = 'ports.json';

export const watchedFile = 'ports-watched';
