/**
What the file `deadline` in an instance's state folder holds, which its guard reads again and again: seconds since the epoch, or `off`.
`deadline` is in milliseconds.
*/
export const deadlineText = (deadline: number | undefined): string =>
	deadline === undefined ? 'off' : String(Math.floor(deadline / 1000));
