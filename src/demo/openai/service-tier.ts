type Asked = string | null | undefined;

/** The tier that served a request: the one asked for, or the default one. */
export const serviceTier = <Tier extends Asked>(asked: Tier): Exclude<Tier, 'auto' | null | undefined> | 'default' =>
  asked === 'auto' || asked === null || asked === undefined ? 'default' : (asked as Exclude<Tier, 'auto' | null | undefined>);
