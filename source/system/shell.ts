/** A word for a POSIX shell that stands for itself, whatever is in it. */
export const quote = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** A script as one command line for a login shell of any kind: the shell only starts `sh`. */
export const viaSh = (script: string): string => `exec sh -c ${quote(script)}`;

/** A path as a person would type it: quoted only where it must be. */
export const shellWord = (text: string): string => (/^[\w/.:~-]+$/.test(text) ? text : quote(text));
