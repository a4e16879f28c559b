import type { ClaimRule, TenantOfClaims } from './rules.ts';

/** What a token says. */
export type Claims = Readonly<Record<string, unknown>>;

/** Name of the tenant that a token speaks for; undefined where none is named, or more than one. Whether there is such a tenant is for `isTenant` to say. */
export function tenantOfClaims(claims: Claims, rule: TenantOfClaims, isTenant: (name: string) => boolean): string | undefined {
  if (rule.type === 'fixed') return rule.tenant;
  if (rule.type === 'rules') return rule.rules.find((each) => holds(each, claims))?.tenant;
  const { map } = rule;
  const named = claimTexts(claims, rule.claim).map((value) => (map === undefined ? value : map.get(value)));
  const tenants = new Set(named.filter((name) => name !== undefined && isTenant(name)));
  const [tenant] = tenants;
  return tenants.size === 1 ? tenant : undefined;
}

const holds = ({ claims: wanted }: ClaimRule, claims: Claims): boolean =>
  [...wanted].every(([name, value]) => claimTexts(claims, name).includes(value));

/** The values of a claim as text: one, or those of a list. A name that no claim has may be a path into one, such as `realm_access.roles`. */
export function claimTexts(claims: Claims, name: string): string[] {
  const value = claimAt(claims, name);
  return (Array.isArray(value) ? value : [value]).flatMap((each) =>
    typeof each === 'string' || typeof each === 'number' || typeof each === 'boolean' ? [String(each)] : [],
  );
}

function claimAt(claims: Claims, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  let value: unknown = claims;
  for (const step of name.split('.')) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, step)) return undefined;
    value = Reflect.get(value, step);
  }
  return value;
}
