import { z } from 'zod';
import { discoveryUrl } from '../identity/discovery.ts';
import { readJwkSet, type JwkSet } from '../identity/jwk-set.ts';
import { certificateNames } from '../identity/rules.ts';
import { shortName } from './schema-names.ts';
import { durationMs, network } from './values.ts';

/** Signatures with a key pair (RFC 7518, RFC 8037). Those with a shared secret are none: whoever can check such a token can make one. */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const;

const headerName = z
  .string()
  .regex(/^[A-Za-z0-9-]{1,64}$/, 'must be the name of a header: letters, digits and "-"')
  .transform((name) => name.toLowerCase());

const claimName = z.string().min(1).max(256);
const tenantName = shortName.meta({ description: 'Name of the tenant.', examples: ['marketing'] });
const networks = z.array(network).min(1);

const jwks = z.string().transform((text, context): URL | JwkSet => {
  const url = text.startsWith('{') ? null : URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '') return url;
  const keys = readJwkSet(text);
  if (keys !== undefined) return keys;
  context.addIssue({ code: 'custom', message: 'must be the address of a JWK set, or file: and the path of one, which is JSON with a list of keys' });
  return z.NEVER;
});

const tenantOfClaims = z.union([
  tenantName,
  z.strictObject({
    claim: claimName.meta({
      description: "Claim whose value is the tenant's name. `a.b` is `b` within `a`; of a list, the one value that names a tenant counts.",
      examples: ['team', 'realm_access.roles'],
    }),
    map: z
      .record(z.string(), shortName)
      .optional()
      .meta({ description: "Tenants by the claim's value, where that is not the name itself.", examples: [{ 'Marketing EMEA': 'marketing' }] }),
  }),
  z
    .array(
      z.strictObject({
        claims: z
          .record(claimName, z.union([z.string(), z.number(), z.boolean()]).transform(String))
          .refine((claims) => Object.keys(claims).length > 0, 'names no claim; name at least one')
          .meta({ description: 'Values that claims must have; of a list, one of its values.', examples: [{ groups: 'marketing' }] }),
        tenant: tenantName,
      }),
    )
    .min(1)
    .max(1000),
]);

const issuerFields = z.strictObject({
  issuer: z
    .string()
    .min(1)
    .meta({ description: 'Who issues the tokens: the claim `iss`, letter for letter.', examples: ['https://login.example.com/'] }),
  audience: z
    .union([
      z
        .string()
        .min(1)
        .transform((one) => [one]),
      z.array(z.string().min(1)).min(1),
    ])
    .meta({ description: 'Whom the tokens are for: the claim `aud` has this, or one of these.', examples: ['remora'] }),
  jwks: jwks.optional().meta({
    description:
      "The issuer's public keys: the address of its JWK set, or `file:PATH`. Defaults to what it says at `ISSUER/.well-known/openid-configuration` (OpenID Connect Discovery).",
    examples: ['https://login.example.com/.well-known/jwks.json', 'file:jwks.json'],
  }),
  algorithms: z
    .array(z.enum(algorithms))
    .min(1)
    .default(['RS256', 'ES256', 'EdDSA'])
    .meta({ description: 'Signatures that are taken. None with a shared secret.', examples: [['RS256']] }),
  clockSkew: durationMs.prefault('60s').meta({ description: 'How far the clocks of the issuer and of the gateway may differ.', examples: ['10s'] }),
  requiredClaims: z
    .array(claimName)
    .default([])
    .meta({ description: 'Claims that a token must have, besides `exp`.', examples: [['sub']] }),
  header: headerName.optional().meta({
    description: 'Header that the tokens come in. Defaults to those in which keys come: `authorization: Bearer TOKEN`, `x-api-key` and others.',
    examples: ['x-id-token'],
  }),
  tenant: tenantOfClaims.meta({
    description: 'The tenant that a token speaks for: always the same one, by the value of a claim, or by the first rule that fits.',
    examples: [{ claim: 'team' }, [{ claims: { groups: 'marketing' }, tenant: 'marketing' }]],
  }),
  user: claimName.default('sub').meta({ description: "Claim that names the tenant's user.", examples: ['email'] }),
});

const issuerSchema = issuerFields.refine((fields) => fields.jwks !== undefined || discoveryUrl(fields.issuer) !== undefined, {
  path: ['issuer'],
  error: 'is no https address, so it cannot be asked where its keys are; write their address as jwks',
});

const named = z.string().min(1).max(2048);

const certificateSchema = z
  .strictObject({
    spiffe: z
      .string()
      .regex(
        /^spiffe:\/\/[a-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*(?:\/\*)?$/,
        'must be a SPIFFE id, such as spiffe://cluster.local/ns/web/sa/shop; it may end in /*',
      )
      .optional()
      .meta({
        description: 'SPIFFE id of the certificate; with `/*` at its end all below it.',
        examples: ['spiffe://cluster.local/ns/marketing/*'],
      }),
    dns: named
      .optional()
      .meta({ description: 'First DNS name of the certificate; with `*.` before it all below it.', examples: ['shop.example.com'] }),
    subject: named.optional().meta({ description: 'Subject of the certificate, as Envoy writes it.', examples: ['CN=shop,O=Example'] }),
    tenant: tenantName,
  })
  .refine((rule) => certificateNames.filter((name) => rule[name] !== undefined).length === 1, 'must have one of spiffe, dns and subject');

/** How callers are known who have no virtual key, as the config has it. */
export const identitySchema = z.strictObject({
  jwt: z.array(issuerSchema).max(50).default([]).meta({ description: 'Tokens (JWT) of identity providers that are taken in the place of keys.' }),
  mtls: z
    .array(certificateSchema)
    .max(1000)
    .default([])
    .meta({ description: 'Tenants by the certificate of the client; the first that fits counts. The user is the name that fits.' }),
  forwardedClientCert: z
    .strictObject({
      from: networks.meta({ description: 'Networks that such proxies connect from.', examples: [['127.0.0.6/32']] }),
    })
    .optional()
    .meta({ description: "Proxies, such as a mesh's sidecar, whose `x-forwarded-client-cert` is believed. Defaults to none." }),
  header: z
    .strictObject({
      name: headerName.meta({ description: 'Header that names the tenant.', examples: ['x-tenant'] }),
      user: headerName.optional().meta({ description: "Header that names the tenant's user. Defaults to none.", examples: ['x-user'] }),
      from: networks.meta({ description: 'Networks that such proxies connect from.', examples: [['10.0.0.0/8']] }),
    })
    .optional()
    .meta({ description: 'A header in which a trusted proxy, which must take it from what clients send, names the tenant. Defaults to none.' }),
  ignoreUnknownKeys: z.boolean().default(false).meta({
    description:
      'Whether a key that is unknown here is no matter where the caller is known by certificate or header: for applications whose SDK has to send one.',
  }),
});

export type IdentityConfig = z.output<typeof identitySchema>;
