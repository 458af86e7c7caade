import {Text} from 'ink';
import {memo} from 'react';

/** One line of the screen, styled and cut before; one text for each is what Ink draws fastest. */
export const Row = memo(function Row({text}: {readonly text: string}) {
	return <Text wrap="truncate">{text === '' ? ' ' : text}</Text>;
});
