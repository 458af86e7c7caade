export type {ExecOptions, ExecResult, Link} from '../system/link.js';
