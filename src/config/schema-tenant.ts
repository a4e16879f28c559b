import { z } from 'zod';
import { personalDataTypes, priorities } from '../policies/tenant.ts';
import { place, shortName } from './schema-names.ts';
import { termsFields } from './schema-terms.ts';
import { instant, keyHash, network, timeZone, userName } from './values.ts';

const keySchema = z.strictObject({
  name: shortName.meta({ description: 'Name of the key in traces and in the ledger.', examples: ['website'] }),
  hash: keyHash.meta({
    description:
      'SHA-256 of the key: `sha256:` and the digits that `printf %s "$KEY" | sha256sum` prints. ' +
      'Make keys of 256 random bits, such as `openssl rand -hex 32` gives.',
    examples: [`sha256:${'0123456789abcdef'.repeat(4)}`],
  }),
  user: userName.optional().meta({ description: "The tenant's user, or application, that the key stands for.", examples: ['alice'] }),
  models: z
    .array(z.string())
    .min(1)
    .optional()
    .meta({ description: 'Models that it may ask for, of those that the tenant may. Defaults to all of them.', examples: [['fast']] }),
  networks: z
    .array(network)
    .min(1)
    .optional()
    .meta({ description: 'Networks that it may be used from. Defaults to all.', examples: [['10.0.0.0/8']] }),
  expires: instant.optional().meta({ description: 'When it ceases to be valid.', examples: ['2027-01-01T00:00:00Z'] }),
  disabled: z.boolean().default(false).meta({ description: 'Whether it is refused.' }),
  ...termsFields,
});

const privacySchema = z.strictObject({
  redact: z
    .array(z.enum(personalDataTypes))
    .min(1)
    .meta({
      description: 'Types of personal data that are replaced by placeholders in what is sent to providers.',
      examples: [['email', 'phone']],
    }),
  keepInHouse: z
    .array(z.enum(personalDataTypes))
    .default([])
    .meta({ description: 'Types of `redact` whose requests go to self-hosted providers only.', examples: [['us-ssn']] }),
  keepIn: z
    .partialRecord(z.enum(personalDataTypes), z.array(place).min(1))
    .prefault({})
    .meta({ description: 'Types of `redact` whose requests go to providers of these residencies only.', examples: [{ iban: ['eu'] }] }),
  restore: z.boolean().default(true).meta({ description: "Whether the client's answer gets the originals back." }),
});

/** A tenant as the config has it. */
export const tenantSchema = z.strictObject({
  parent: shortName.optional().meta({
    description:
      'The tenant around it, such as the organisation of a team. What that one is held to holds here too: its limits and budgets are charged as well, and its lists and privacy can only be narrowed.',
    examples: ['company'],
  }),
  keys: z.array(keySchema).prefault([]).meta({ description: 'Virtual keys that speak for the tenant.' }),
  models: z
    .array(z.string())
    .min(1)
    .optional()
    .meta({ description: 'Models the tenant may ask for. Defaults to all of this file.', examples: [['fast']] }),
  ...termsFields,
  perUser: z
    .strictObject(termsFields)
    .optional()
    .meta({ description: 'Limits and budgets of each single user of the tenant, besides its own. Users are told by keys, tokens or headers.' }),
  timeZone: timeZone.optional().meta({
    description: "Where the days of its budgets begin at midnight. Defaults to its parent's, else UTC.",
    examples: ['Europe/Berlin'],
  }),
  ownKeys: z.boolean().optional().meta({
    description: "Whether its callers may bring a provider's key of their own in `x-remora-provider-key`. Defaults to its parent's, else no.",
  }),
  passThrough: z.boolean().optional().meta({
    description:
      'Whether the tenant may call endpoints that are only passed to a provider: images, audio, moderations, files, batches, fine-tuning, stored responses. Defaults to no; a parent that says no forbids it.',
  }),
  residency: z
    .array(place)
    .min(1)
    .optional()
    .meta({
      description: 'Residencies of the providers that may serve the tenant. Defaults to all; a provider without one is none of them.',
      examples: [['eu']],
    }),
  regions: z
    .array(place)
    .min(1)
    .optional()
    .meta({ description: 'Regions of the providers that may serve the tenant. Defaults to all.', examples: [['eu-central-1']] }),
  priority: z
    .enum(priorities)
    .optional()
    .meta({ description: "Who goes first where requests wait for a place. Defaults to its parent's, else `normal`." }),
  privacy: privacySchema.optional().meta({ description: 'Personal data that must not reach providers. Defaults to none.' }),
});

/** A form that takes a tenant without the fields that are wrong in themselves. */
export const partialTenantSchema = tenantSchema.partial();
