import js from '@eslint/js';
import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

// The floors of the house, top first: a folder may import from floors below its own, never from above or from another door on top.
const floors = ['commands', 'ui', 'runs', 'environment', 'backends', 'agents', 'tunnel', 'offers', 'configuration', 'system'];

const above = index => floors.slice(0, index).map(floor => `**/${floor}/**`);

const floorRules = floors.map((floor, index) => ({
	files: [`source/${floor}/**`],
	rules: {
		'no-restricted-imports': [
			'error',
			{
				patterns: [
					...(index > 0 ? [{group: above(index), message: `${floor}/ imports only from the floors below it.`}] : []),
					{group: ['**/cli.js'], message: 'Nothing imports the program itself.'},
					...(floor === 'ui' ? [] : [{group: ['ink', 'ink-*', 'react'], message: 'Only ui/ draws.'}]),
				],
			},
		],
	},
}));

export default tseslint.config(
	{ignores: ['dist', 'node_modules', 'media']},
	js.configs.recommended,
	...tseslint.configs.recommended,
	{
		files: ['**/*.js'],
		languageOptions: {
			globals: {
				console: 'readonly',
				setTimeout: 'readonly',
				clearTimeout: 'readonly',
				performance: 'readonly',
				Buffer: 'readonly',
			},
		},
	},
	{
		files: ['source/**/*.{ts,tsx}', 'test/**/*.{ts,tsx}'],
		languageOptions: {parserOptions: {projectService: true}},
		plugins: {'react-hooks': reactHooks},
		rules: {
			...reactHooks.configs.recommended.rules,
			'@typescript-eslint/no-floating-promises': 'error',
			'@typescript-eslint/no-misused-promises': ['error', {checksVoidReturn: false}],
			'@typescript-eslint/switch-exhaustiveness-check': ['error', {considerDefaultExhaustiveForUnions: true}],
			'@typescript-eslint/consistent-type-imports': 'error',
			'@typescript-eslint/no-unused-vars': ['error', {argsIgnorePattern: '^_', ignoreRestSiblings: true}],
			// Neutralising terminal escapes is this program's business.
			'no-control-regex': 'off',
			'max-lines': ['error', {max: 300}],
		},
	},
	{files: ['test/**'], rules: {'max-lines': 'off'}},
	...floorRules,
);
