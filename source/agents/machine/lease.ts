/** Seconds from a machine's first boot after which it ends itself unless somebody has reached it: its boot lease. */
export const defaultLease = 1800;
