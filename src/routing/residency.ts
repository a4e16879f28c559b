import type { Endpoint } from './deployment.ts';

/** Where a request may be processed. Each that is absent allows all. */
export interface Restrictions {
  /** Residencies, one of which the endpoint must have. */
  residency?: ReadonlySet<string>;
  /** Regions, one of which the endpoint must have. */
  regions?: ReadonlySet<string>;
  /** Whether the endpoint must be run by the operator. */
  selfHostedOnly?: boolean;
}

/** What of a tenant restricts where its requests may go. */
export interface RestrictedTenant<Type extends string> {
  residency: ReadonlySet<string> | undefined;
  regions: ReadonlySet<string> | undefined;
  privacy: { keepInHouse: ReadonlySet<Type>; keepIn: ReadonlyMap<Type, ReadonlySet<string>> } | undefined;
}

/** Where a tenant's request may go in which personal data of these types was found: only where the tenant and each of the types may. */
export function restrictionsOf<Type extends string>({ residency, regions, privacy }: RestrictedTenant<Type>, found: Iterable<Type>): Restrictions {
  let allowed = residency;
  let selfHostedOnly = false;
  for (const type of found) {
    if (privacy?.keepInHouse.has(type) === true) selfHostedOnly = true;
    const others = privacy?.keepIn.get(type);
    if (others !== undefined) allowed = allowed?.intersection(others) ?? others;
  }
  return {
    ...(allowed !== undefined && { residency: allowed }),
    ...(regions !== undefined && { regions }),
    ...(selfHostedOnly && { selfHostedOnly }),
  };
}

/** Why an endpoint may not see a request; undefined where it may. One that does not say where it is may not see what has to stay somewhere. */
export function forbids(endpoint: Pick<Endpoint, 'residency' | 'region' | 'selfHosted'>, restrictions: Restrictions): string | undefined {
  const { residency, regions, selfHostedOnly = false } = restrictions;
  if (selfHostedOnly && !endpoint.selfHosted) return 'the provider is not self-hosted, and personal data in the request must stay in the house';
  return outside('residency', endpoint.residency, residency) ?? outside('region', endpoint.region, regions);
}

function outside(what: string, value: string | undefined, allowed: ReadonlySet<string> | undefined): string | undefined {
  if (allowed === undefined || (value !== undefined && allowed.has(value))) return undefined;
  const must = allowed.size === 0 ? 'none would be right for all that the request holds' : `it must be ${[...allowed].join(' or ')}`;
  return `the provider's ${what} is ${value ?? 'not known'}, and ${must}`;
}
