// Draws the screen of a terminal emulator as an SVG picture.

const cell = {width: 8.4, height: 18};
const margin = 12;
const palette = ['#1c1c22', '#e06c75', '#98c379', '#e5c07b', '#61afef', '#c678dd', '#56b6c2', '#d7dae0'];
const foreground = '#d7dae0';
const background = '#1c1c22';

const escape = text => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const styleOf = one => {
	const colour = one.isFgPalette() ? (palette[one.getFgColor() % 8] ?? foreground) : foreground;
	const isInverse = one.isInverse() !== 0;
	return {
		fill: isInverse ? background : colour,
		back: isInverse ? colour : undefined,
		bold: one.isBold() !== 0,
		dim: one.isDim() !== 0,
		underline: one.isUnderline() !== 0,
	};
};

/** Neighbouring cells of one style, each with the column it begins at. */
const runsOf = (line, columns) => {
	const runs = [];
	for (let column = 0; column < columns; column++) {
		const one = line?.getCell(column);
		if (!one || one.getWidth() === 0) {
			continue;
		}

		const style = styleOf(one);
		const last = runs.at(-1);
		const text = one.getChars() || ' ';
		if (last && JSON.stringify(last.style) === JSON.stringify(style) && last.column + last.cells === column) {
			last.text += text;
			last.cells += one.getWidth();
		} else {
			runs.push({column, style, text, cells: one.getWidth()});
		}
	}

	return runs.filter(({text, style}) => text.trim() !== '' || style.back);
};

export const drawSvg = emulator => {
	const {cols, rows, buffer} = emulator;
	const width = cols * cell.width + 2 * margin;
	const height = rows * cell.height + 2 * margin;
	const parts = [];
	for (let row = 0; row < rows; row++) {
		for (const {column, style, text, cells} of runsOf(buffer.active.getLine(buffer.active.baseY + row), cols)) {
			const x = (margin + column * cell.width).toFixed(1);
			const y = margin + row * cell.height;
			if (style.back) {
				parts.push(
					`<rect x="${x}" y="${y}" width="${(cells * cell.width).toFixed(1)}" height="${cell.height}" fill="${style.back}"/>`,
				);
			}

			const attributes = [
				`x="${x}" y="${y + 13}"`,
				`textLength="${(cells * cell.width).toFixed(1)}"`,
				`fill="${style.fill}"`,
				style.bold ? 'font-weight="bold"' : '',
				style.dim ? 'opacity="0.6"' : '',
				style.underline ? 'text-decoration="underline"' : '',
			];
			parts.push(`<text ${attributes.filter(Boolean).join(' ')}>${escape(text)}</text>`);
		}
	}

	return `<svg xmlns="http://www.w3.org/2000/svg" width="${width.toFixed(0)}" height="${height}" viewBox="0 0 ${width.toFixed(0)} ${height}">
<rect width="100%" height="100%" rx="8" fill="${background}"/>
<g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="14" xml:space="preserve">
${parts.join('\n')}
</g>
</svg>
`;
};
