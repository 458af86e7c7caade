/** An on-demand price in US dollars per hour; EC2's own API does not report it. `date` in milliseconds since the epoch. */
export type KnownPrice = {readonly price: number; readonly source: string; readonly date: number};

export type OnDemandPriceLookup = (region: string, instanceType: string) => KnownPrice | undefined;
