/** Hours and minutes of the person's own day. */
export function clockTime(at: number): string {
	const date = new Date(at);
	return [date.getHours(), date.getMinutes()].map(part => String(part).padStart(2, '0')).join(':');
}
