import type { JwkSet } from './jwk-set.ts';

/** How callers are known who have no virtual key: what the config says of tokens, certificates and headers. */
export interface IdentityRules {
  issuers: readonly TokenIssuer[];
  /** The first that fits a certificate counts. */
  certificates: readonly CertificateRule[];
  /** Networks of proxies whose `x-forwarded-client-cert` is believed; empty for none. */
  forwardedFrom: readonly string[];
  header: TrustedHeader | undefined;
  /** Whether a key that is unknown here is no matter where the caller is known by a certificate or a header: for SDKs that must send one. */
  ignoreUnknownKeys: boolean;
}

/** What a config without a word on it says. */
export const noIdentityRules: IdentityRules = Object.freeze({
  issuers: [],
  certificates: [],
  forwardedFrom: [],
  header: undefined,
  ignoreUnknownKeys: false,
});

/** Who issues tokens (JWT, RFC 7519), and which of them are taken. */
export interface TokenIssuer {
  /** Value of the claim `iss`. */
  issuer: string;
  /** The claim `aud` must have one of these. */
  audience: readonly string[];
  /** Public keys: where they are published, or they themselves (a JWK set); undefined where the issuer itself says at its `discoveryUrl`. */
  jwks: URL | JwkSet | undefined;
  /** Signatures that are taken, as RFC 7518 names them. */
  algorithms: readonly string[];
  /** How far clocks may differ, in milliseconds. */
  clockSkewMs: number;
  /** Claims that must be there, besides `exp`. */
  requiredClaims: readonly string[];
  /** Header that its tokens come in, lower-case; undefined for those in which keys come. */
  header: string | undefined;
  tenant: TenantOfClaims;
  /** Claim that names the user. */
  user: string;
}

/** Which tenant a token speaks for. */
export type TenantOfClaims =
  | { type: 'fixed'; tenant: string }
  /** The claim's value names the tenant, or what stands for it in `map`. */
  | { type: 'claim'; claim: string; map: ReadonlyMap<string, string> | undefined }
  /** The first rule all of whose claims have the values given. */
  | { type: 'rules'; rules: readonly ClaimRule[] };

export interface ClaimRule {
  claims: ReadonlyMap<string, string>;
  tenant: string;
}

/** Which tenant a client's certificate speaks for. */
export interface CertificateRule {
  /** What of the certificate is looked at. */
  by: CertificateName;
  /** The name; for `spiffe` it may end in `/*` and for `dns` begin with `*.`, which stand for one or more names there. */
  name: string;
  tenant: string;
}

/** Names of a certificate: its SPIFFE id (a URI SAN), a DNS SAN, or its subject as Envoy writes it. */
export const certificateNames = ['spiffe', 'dns', 'subject'] as const;
export type CertificateName = (typeof certificateNames)[number];

/** A header in which a trusted proxy names the tenant. */
export interface TrustedHeader {
  /** Lower-case, as `user` is. */
  name: string;
  /** Header that names the user; undefined for none. */
  user: string | undefined;
  /** Networks that such proxies are in. */
  from: readonly string[];
}
