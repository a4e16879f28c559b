import { z } from 'zod';
import { passThroughGroups } from '../protocols/pass-through.ts';
import type { Path } from './problem.ts';
import { adminSchema } from './schema-admin.ts';
import { identitySchema } from './schema-identity.ts';
import { modelSchema, type partialModelSchema } from './schema-model.ts';
import { dollars, modelName, shortName } from './schema-names.ts';
import { pricesSchema } from './schema-price.ts';
import { providerSchema, secretFields } from './schema-provider.ts';
import { resilienceSchema, type breakerSchema } from './schema-resilience.ts';
import { ruleSchema } from './schema-rule.ts';
import { tenantSchema, type partialTenantSchema } from './schema-tenant.ts';
import { address, credential, httpUrl, longTimeMs, redisUrl } from './values.ts';

// Descriptions and examples of the schemas are what the reference page, the JSON Schema and the error messages say.

const storeSchema = z.union([
  z.literal('embedded'),
  z
    .strictObject({
      embedded: z
        .strictObject({
          path: z
            .string()
            .min(1)
            .meta({ description: 'Where it lies, relative to this file.', examples: ['.remora/remora.db'] }),
        })
        .optional()
        .meta({ description: 'A SQLite file, for one machine.' }),
      redis: redisUrl.optional().meta({ description: 'A Redis, for gateways on several machines. Needs `secrets`.', examples: ['${REDIS_URL}'] }),
      whenGone: z.enum(['refuse', 'go-on']).default('refuse').meta({
        description:
          'What becomes of requests under a limit or a budget while the store is out of reach and what was leased of it is used up: they are refused, or go on and are counted once it is back.',
      }),
      keepEntries: longTimeMs.optional().meta({
        description: 'How long entries of the ledger are kept. Defaults to for ever in a file, and to 400d in a Redis.',
        examples: ['2y'],
      }),
    })
    .refine(({ embedded, redis }) => (embedded === undefined) !== (redis === undefined), { error: 'must have one of embedded and redis' }),
]);

const telemetrySchema = z.strictObject({
  otlp: httpUrl.optional().meta({
    description: 'Base URL of an OpenTelemetry receiver (OTLP over HTTP). Defaults to no traces.',
    examples: ['http://localhost:4318'],
  }),
  sampling: z
    .number()
    .min(0)
    .max(1)
    .default(1)
    .meta({ description: 'Share of requests that are traced.', examples: [0.01] }),
  content: z.literal('none').default('none').meta({ description: 'What of prompts and answers traces hold: nothing.' }),
});

/** The config. One schema for its types, errors, JSON Schema and reference page. */
export const configSchema = z.strictObject({
  listen: address.prefault('127.0.0.1:8080').meta({
    description: 'Where clients reach the gateway. Write `0.0.0.0:8080` to serve other machines.',
    examples: ['127.0.0.1:8080'],
  }),
  admin: adminSchema.prefault({}).meta({ description: 'Health, metrics and the admin API.' }),
  providers: z.record(shortName, providerSchema).meta({ description: 'Who is called and paid, by a name of your choice.' }),
  models: z.record(modelName, modelSchema).meta({ description: 'What clients may ask for, by the name they ask with.' }),
  identity: identitySchema.prefault({}).meta({ description: 'How callers are known who have no virtual key.' }),
  tenants: z.record(shortName, tenantSchema).prefault({}).meta({ description: 'Who calls and pays, by name. Without a tenant nobody may call.' }),
  rules: z.array(ruleSchema).max(1000).default([]).meta({ description: 'Routing rules; the first that matches a request is applied to it.' }),
  resilience: resilienceSchema.prefault({}).meta({ description: 'What is done where providers fail or too much is asked.' }),
  prices: pricesSchema.prefault({}).meta({
    description: 'Prices and discounts of targets that have none of their own, by provider and provider model, or `PROVIDER/*` for all models of it.',
    examples: [{ 'openai/gpt-5-mini': { price: { input: 0.2, output: 1.6 } }, 'openai/*': { discount: '10%' } }],
  }),
  passThrough: z
    .strictObject({
      provider: z.string().meta({ description: 'Name of the provider that such calls go to where they name no model.', examples: ['openai'] }),
      prices: z
        .partialRecord(z.enum(passThroughGroups), dollars('US dollars per call.'))
        .prefault({})
        .meta({
          description: 'What a call costs, by its kind. Tenants with a budget are refused a kind without a price.',
          examples: [{ images: 0.04 }],
        }),
    })
    .optional()
    .meta({ description: 'Endpoints that are no chat and are only passed to a provider, for tenants that may call them.' }),
  secrets: z
    .array(z.string().min(32, 'must have 32 characters or more; make one with: openssl rand -hex 32'))
    .min(1)
    .max(2)
    .optional()
    .meta({
      description:
        'What state is sealed with that clients carry for us, as `${VAR}` or `file:PATH`: the current one, and the one before it. Defaults to one that is made and kept beside the store.',
      examples: [['${REMORA_SECRET}']],
    }),
  cors: z
    .strictObject({
      origins: z
        .array(z.union([z.literal('*'), httpUrl.transform(({ origin }) => origin)]))
        .min(1)
        .meta({ description: 'Origins of pages that may call, or `*` for all.', examples: [['https://app.example.com']] }),
    })
    .optional()
    .meta({ description: 'Callers in browsers. Defaults to none.' }),
  store: storeSchema.default('embedded').meta({
    description: 'Where the ledger, keys and what is left of budgets are kept: `embedded` is the SQLite file `.remora/remora.db` beside this file.',
    examples: ['embedded', { redis: '${REDIS_URL}' }],
  }),
  alerts: z
    .strictObject({
      webhook: httpUrl.meta({
        description: 'Where a JSON message is posted when a step `warn` of a budget is reached.',
        examples: ['https://hooks.example.com/llm'],
      }),
      token: credential
        .optional()
        .meta({ description: 'Sent with it as `Authorization: Bearer`, as `${VAR}` or `file:PATH`.', examples: ['${ALERT_TOKEN}'] }),
    })
    .optional()
    .meta({ description: 'Who is told. Defaults to the log and metrics alone.' }),
  telemetry: telemetrySchema.prefault({}).meta({ description: 'Traces.' }),
});

/** A config that satisfies the schema. Whether its names lead anywhere is checked after. */
export type Config = z.output<typeof configSchema>;
export type ProviderConfig = z.output<typeof providerSchema>;
export type ModelConfig = z.output<typeof modelSchema>;
export type TenantConfig = z.output<typeof tenantSchema>;
export type RuleConfig = z.output<typeof ruleSchema>;
export type BreakerConfig = z.output<typeof breakerSchema>;
export type PartialModel = z.output<typeof partialModelSchema>;
export type PartialTenant = z.output<typeof partialTenantSchema>;

/** Fields whose value is a secret: they may hold `file:PATH`, and are never shown. */
export function isSecret([top, second, ...rest]: Path): boolean {
  if (top === 'secrets') return true;
  const field = rest.length === 3 && rest[0] === 'credentials' ? rest[2] : rest[0];
  if (top === 'resilience') return rest[0] === 'redis';
  if (top === 'identity') return rest[1] === 'jwks';
  if (top === 'store') return second === 'redis';
  if (top === 'alerts') return second === 'token';
  if (top === 'admin') return second === 'token';
  if (top === 'models') return rest.join('.') === 'auto.classifier.apiKey';
  return top === 'providers' && (rest.length === 1 || rest.length === 3) && secretFields.has(String(field));
}
