import { isThisMachine } from '../identity/discovery.ts';
import { certificateNames, type CertificateRule, type IdentityRules, type TenantOfClaims, type TokenIssuer } from '../identity/rules.ts';
import { checkTwice, unknownName } from './check-names.ts';
import type { Finding, Path } from './problem.ts';
import type { IdentityConfig } from './schema-identity.ts';

type IssuerConfig = IdentityConfig['jwt'][number];

/** How callers are known, as exchanges use it. */
export function toIdentityRules({ jwt, mtls, forwardedClientCert, header, ignoreUnknownKeys }: IdentityConfig): IdentityRules {
  return Object.freeze({
    issuers: jwt.map(toIssuer),
    certificates: mtls.flatMap(toCertificateRules),
    forwardedFrom: forwardedClientCert?.from ?? [],
    header: header && { name: header.name, user: header.user, from: header.from },
    ignoreUnknownKeys,
  });
}

const toIssuer = ({ issuer, audience, jwks, algorithms, clockSkew, requiredClaims, header, tenant, user }: IssuerConfig): TokenIssuer => ({
  issuer,
  audience,
  jwks,
  algorithms,
  clockSkewMs: clockSkew,
  requiredClaims,
  header: header === 'authorization' ? undefined : header,
  tenant: toTenantOfClaims(tenant),
  user,
});

function toTenantOfClaims(tenant: IssuerConfig['tenant']): TenantOfClaims {
  if (typeof tenant === 'string') return { type: 'fixed', tenant };
  if (!Array.isArray(tenant)) return { type: 'claim', claim: tenant.claim, map: tenant.map && new Map(Object.entries(tenant.map)) };
  return { type: 'rules', rules: tenant.map((rule) => ({ claims: new Map(Object.entries(rule.claims)), tenant: rule.tenant })) };
}

const toCertificateRules = (rule: IdentityConfig['mtls'][number]): CertificateRule[] =>
  certificateNames.flatMap((by) => (rule[by] === undefined ? [] : [{ by, name: rule[by], tenant: rule.tenant }]));

/** What is wrong with it that no field shows alone: tenants that the config does not have, issuers that are named twice. */
export function checkIdentity({ jwt, mtls }: IdentityConfig, tenants: ReadonlySet<string>): Finding[] {
  const named: [Path, string][] = [
    ...jwt.flatMap(({ tenant }, index) =>
      tenantsIn(tenant).map(([path, name]): [Path, string] => [['identity', 'jwt', index, 'tenant', ...path], name]),
    ),
    ...mtls.map(({ tenant }, index): [Path, string] => [['identity', 'mtls', index, 'tenant'], tenant]),
  ];
  return [
    ...named.flatMap(([path, name]) => (tenants.has(name) ? [] : [{ path, message: unknownName('tenant', name, tenants) }])),
    ...checkTwice(
      ['identity', 'jwt'],
      jwt.map(({ issuer }) => issuer),
      'an issuer that stands here already; put both into one, with a list of audiences or of rules',
      'issuer',
    ),
  ];
}

/** Tenants that are named outright, each by where. */
function tenantsIn(tenant: IssuerConfig['tenant']): [Path, string][] {
  if (typeof tenant === 'string') return [[[], tenant]];
  if (Array.isArray(tenant)) return tenant.map((rule, index) => [[index, 'tenant'], rule.tenant]);
  return Object.entries(tenant.map ?? {}).map(([value, name]) => [['map', value], name]);
}

/** What works, but is probably not what was meant. */
export function identityWarnings({ jwt, mtls, forwardedClientCert, header, ignoreUnknownKeys }: IdentityConfig): Finding[] {
  const findings: Finding[] = jwt.flatMap(({ jwks }, index) =>
    jwks instanceof URL && jwks.protocol === 'http:' && !isThisMachine(jwks.hostname)
      ? [{ path: ['identity', 'jwt', index, 'jwks'], message: 'is http, so whoever is on the way can put keys of their own there' }]
      : [],
  );
  if (forwardedClientCert !== undefined && mtls.length === 0)
    findings.push({
      path: ['identity', 'forwardedClientCert'],
      message: 'has no effect: no rule of mtls says which tenant a certificate stands for',
    });
  if (ignoreUnknownKeys && mtls.length === 0 && header === undefined)
    findings.push({ path: ['identity', 'ignoreUnknownKeys'], message: 'has no effect: there is neither mtls nor a header to know callers by' });
  for (const [field, from] of [
    ['forwardedClientCert', forwardedClientCert?.from],
    ['header', header?.from],
  ] as const) {
    const all = from?.findIndex((network) => network.endsWith('/0')) ?? -1;
    if (all >= 0) findings.push({ path: ['identity', field, 'from', all], message: 'is everybody: anyone can then say who they are' });
  }
  return findings;
}
