// Shell and Python that run elsewhere, as text: scripts/script-files.js makes it.
declare module '*.sh' {
	const script: string;
	export default script;
}

declare module '*.py' {
	const program: string;
	export default program;
}
