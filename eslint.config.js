import js from '@eslint/js';
import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

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
			// A room that grew asks whether it still has one subject; a comment beside a switch-off is an answer.
			'max-lines': ['warn', {max: 300}],
		},
	},
	{files: ['test/**'], rules: {'max-lines': 'off'}},
);
