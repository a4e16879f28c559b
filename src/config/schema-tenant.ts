import { z } from 'zod';
import { personalDataTypes, priorities } from '../policies/tenant.ts';
import { dollars, place, shortName } from './schema-names.ts';
import { keyHash } from './values.ts';

const keySchema = z.strictObject({
  name: shortName.meta({ description: 'Name of the key in traces and in the ledger.', examples: ['website'] }),
  hash: keyHash.meta({
    description:
      'SHA-256 of the key: `sha256:` and the digits that `printf %s "$KEY" | sha256sum` prints. ' +
      'Make keys of 256 random bits, such as `openssl rand -hex 32` gives.',
    examples: [`sha256:${'0123456789abcdef'.repeat(4)}`],
  }),
});

const budgetSchema = z.strictObject({
  amount: dollars('US dollars that may be spent per period.'),
  per: z.literal('month').meta({ description: 'The period: a calendar month in UTC.' }),
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
  keys: z.array(keySchema).prefault([]).meta({ description: 'Virtual keys that speak for the tenant.' }),
  models: z
    .array(z.string())
    .min(1)
    .optional()
    .meta({ description: 'Models the tenant may ask for. Defaults to all of this file.', examples: [['fast']] }),
  budget: budgetSchema.optional().meta({ description: 'Money the tenant may spend. Defaults to no limit.' }),
  passThrough: z.boolean().default(false).meta({
    description:
      'Whether the tenant may call endpoints that are only passed to a provider: images, audio, moderations, files, batches, fine-tuning, stored responses.',
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
  priority: z.enum(priorities).default('normal').meta({ description: 'Who goes first where requests wait for a place.' }),
  privacy: privacySchema.optional().meta({ description: 'Personal data that must not reach providers. Defaults to none.' }),
});

/** A form that takes a tenant without the fields that are wrong in themselves. */
export const partialTenantSchema = tenantSchema.partial();
