import { attributeNames } from '../envoy/names.ts';
import type { Attributes, Opening } from './opening.ts';
import type { CertificateName, CertificateRule } from './rules.ts';
import type { Networks, Source } from './source.ts';
import { readForwardedCertificate, spiffeId, type ClientCertificate } from './xfcc.ts';

/** Longest name of a certificate that rules are tried on, in characters; a SPIFFE id has 2,048 bytes at most. */
const maxNameLength = 2048;

/**
 * The certificate of who calls: what a trusted proxy says of it, else that of the connection itself, which Envoy has verified.
 * From a trusted proxy the connection's own would be the proxy's.
 */
export function certificateOf(
  { headers, attributes }: Opening,
  source: () => Source | undefined,
  isTrustedProxy: Networks,
): ClientCertificate | undefined {
  const forwarded = headers.get('x-forwarded-client-cert');
  if (forwarded !== undefined && isTrustedProxy(source())) return readForwardedCertificate(forwarded);
  return ofConnection(attributes);
}

function ofConnection(attributes: Attributes): ClientCertificate | undefined {
  const text = (name: string): string | undefined => {
    const value = attributes.get(name);
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const uri = text(attributeNames.peerUri);
  const certificate = { spiffe: uri && spiffeId([uri]), dns: text(attributeNames.peerDns), subject: text(attributeNames.peerSubject) };
  return Object.values(certificate).some((value) => value !== undefined) ? certificate : undefined;
}

/** A rule that fits a certificate, and the name by which it does. */
export interface CertificateMatch {
  tenant: string;
  name: string;
}

/** The first rule that fits; undefined where none does. */
export function matchCertificate(certificate: ClientCertificate, rules: readonly CertificateRule[]): CertificateMatch | undefined {
  for (const { by, name, tenant } of rules) {
    const own = certificate[by];
    if (own !== undefined && own.length <= maxNameLength && fits(by, own, name)) return { tenant, name: own };
  }
  return undefined;
}

/** What stands for `*` is never empty, and in a SPIFFE id there is no way up. */
function fits(by: CertificateName, own: string, name: string): boolean {
  if (by === 'spiffe' && name.endsWith('/*')) {
    const start = name.slice(0, -1);
    return own.startsWith(start) && own.length > start.length && !own.slice(start.length).split('/').some(isNoSegment);
  }
  if (by === 'dns') {
    const lower = own.toLowerCase();
    return name.startsWith('*.') ? lower.endsWith(name.slice(1).toLowerCase()) && lower.length > name.length - 1 : lower === name.toLowerCase();
  }
  return own === name;
}

const isNoSegment = (segment: string): boolean => segment === '' || segment === '.' || segment === '..';
