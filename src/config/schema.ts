import { z } from 'zod';
import { personalDataTypes } from '../policies/tenant.ts';
import type { CredentialField, SettingName } from '../providers/provider.ts';
import { passThroughGroups } from '../protocols/pass-through.ts';
import { providerKinds } from '../providers/registry.ts';
import type { Path } from './problem.ts';
import { address, credential, durationMs, httpUrl, isJsonObject, keyHash, loopbackAddress } from './values.ts';

// Descriptions and examples below are what the reference page, the JSON Schema and the error messages say.

/** Names of providers become names of Envoy clusters and those of tenants labels of metrics, so their letters are few. */
const shortName = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, 'must be a name of lower-case letters, digits, "-" and "_", 63 at most');
const modelName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,127}$/, 'must be a name of letters, digits and . _ : / @ -, 128 at most, with a letter or digit first');

const dollars = (what: string) => z.number().min(0).max(1_000_000_000).meta({ description: what });

const credentialFields = {
  apiKey: credential.optional().meta({
    description: "Key that the provider gave you, as `${VAR}` or `file:PATH`. May be left out where `baseUrl` is not the vendor's own.",
    examples: ['${OPENAI_API_KEY}', 'file:/run/secrets/openai'],
  }),
  accessToken: credential.optional().meta({ description: 'OAuth token that something else keeps fresh (`vertex`, `azure-openai`).' }),
  accessKeyId: credential.optional().meta({ description: 'AWS access key. Without one, the standard AWS credential chain is used.' }),
  secretAccessKey: credential.optional().meta({ description: 'Secret of the AWS access key.' }),
  sessionToken: credential.optional().meta({ description: 'Session token of a temporary AWS access key.' }),
  roleArn: z
    .string()
    .regex(/^arn:aws[\w-]*:iam::\d{12}:role\/.+$/, 'must be the ARN of an IAM role')
    .optional()
    .meta({ description: 'AWS role to assume before calling.', examples: ['arn:aws:iam::123456789012:role/llm'] }),
  serviceAccount: z
    .string()
    .refine(isJsonObject, 'must be the JSON that Google gave you, or file:PATH of the file with it')
    .optional()
    .meta({
      description:
        "JSON of a Google service account or of workload identity, best as `file:PATH`. Without it, Google's application default credentials are used.",
      examples: ['file:/run/secrets/google.json'],
    }),
  tenantId: credential.optional().meta({ description: 'Microsoft Entra tenant.' }),
  clientId: credential
    .optional()
    .meta({ description: 'Microsoft Entra client. Without one, the default Azure credential chain is used where no `apiKey` is given.' }),
  clientSecret: credential.optional().meta({ description: 'Secret of the Microsoft Entra client.' }),
} satisfies Record<CredentialField, z.ZodType>;

/** Credential fields that are secret: they may hold `file:PATH`, and are never shown. */
const secretFields: ReadonlySet<string> = new Set<CredentialField>([
  'apiKey',
  'accessToken',
  'secretAccessKey',
  'sessionToken',
  'serviceAccount',
  'clientSecret',
]);

const setting = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, 'must be letters, digits, ".", "_" and "-", 128 at most');

const settingFields = {
  region: setting.optional().meta({ description: 'AWS region (`bedrock`).', examples: ['eu-central-1'] }),
  project: setting.optional().meta({ description: 'Google Cloud project (`vertex`).', examples: ['my-project'] }),
  location: setting.optional().meta({ description: 'Google Cloud location (`vertex`).', examples: ['europe-west4'] }),
  resource: setting
    .optional()
    .meta({ description: 'Name of the Azure OpenAI resource, as in `https://RESOURCE.openai.azure.com`.', examples: ['my-resource'] }),
  apiVersion: setting.optional().meta({
    description: 'Version of the Azure OpenAI API, for its `/openai/deployments/…` paths. Defaults to the versionless `/openai/v1`.',
    examples: ['2024-10-21'],
  }),
} satisfies Record<SettingName, z.ZodType>;

/** A provider as the config has it: one or more accounts at one address. */
export const providerSchema = z.strictObject({
  kind: z.enum([...providerKinds.keys()]).meta({ description: 'Whose API it speaks.' }),
  baseUrl: httpUrl.optional().meta({
    description:
      "Address of the API. Defaults to the vendor's own; kinds of servers that you run yourself, such as `vllm`, need one. " +
      "It has the version where the vendor's SDK has it: `https://api.openai.com/v1`, but `https://api.anthropic.com`.",
    examples: ['http://vllm:8000/v1'],
  }),
  ...credentialFields,
  ...settingFields,
  credentials: z
    .array(z.strictObject({ name: shortName.meta({ description: 'Name of the credential in logs.', examples: ['second'] }), ...credentialFields }))
    .min(1)
    .max(100)
    .optional()
    .meta({ description: 'Several credentials that share the traffic, instead of one given beside `kind`.' }),
  caFile: z
    .string()
    .min(1)
    .optional()
    .meta({
      description: "PEM file of the roots that the server's certificate must chain to, relative to this file. Defaults to the system's.",
      examples: ['ca.pem'],
    }),
  timeouts: z
    .strictObject({
      connect: durationMs
        .prefault('5s')
        .meta({ description: 'Longest wait for a connection; after it the next deployment is tried.', examples: ['5s'] }),
    })
    .prefault({})
    .meta({ description: 'How long to wait for the provider.' }),
});

const priceSchema = z.strictObject({
  input: dollars('Input, without what was read from or written to the cache.'),
  output: dollars('Output, reasoning included.'),
  cacheRead: dollars('Input read from the cache; defaults to the price of input.').optional(),
  cacheWrite: dollars('Input written to the cache; defaults to the price of input.').optional(),
});

const targetSchema = z.strictObject({
  provider: z.string().meta({ description: 'Name of a provider of this file.', examples: ['openai'] }),
  model: z
    .string()
    .min(1)
    .max(256)
    .meta({ description: "The provider's own model id.", examples: ['gpt-5-mini'] }),
  weight: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(1)
    .meta({ description: 'Share of the requests, relative to the other targets; 0 for none.', examples: [80] }),
  price: priceSchema.optional().meta({
    description: 'US dollars per million tokens. Defaults to the price catalogue; without a price, tenants with a budget are refused the model.',
  }),
});

/** A model as the config has it: where a name that clients ask for leads to. */
const modelSchema = z.strictObject({
  targets: z.array(targetSchema).min(1).meta({ description: 'Deployments that answer it, chosen by weight.' }),
  fallback: z
    .array(z.string())
    .default([])
    .meta({
      description: 'Models tried after this one, in order, when a provider limits, fails, is too slow or cannot be reached.',
      examples: [['smart']],
    }),
  strict: z.boolean().default(false).meta({
    description:
      'Whether requests are refused that a provider could only be given in part, naming the fields. Otherwise they are sent without those, and the answer says so in `x-remora-warnings`. A client can ask for it with `x-remora-strict: true`.',
  }),
  timeouts: z
    .strictObject({
      headers: durationMs.optional().meta({
        description:
          'Longest wait for the headers of an answer. Defaults to 60s for streams and 10m for JSON, whose headers come with the whole answer.',
        examples: ['30s'],
      }),
    })
    .prefault({})
    .meta({ description: 'How long to wait for an answer.' }),
});

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
  restore: z.boolean().default(true).meta({ description: "Whether the client's answer gets the originals back." }),
});

/** A tenant as the config has it. */
const tenantSchema = z.strictObject({
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
  privacy: privacySchema.optional().meta({ description: 'Personal data that must not reach providers. Defaults to none.' }),
});

const storeSchema = z.union([
  z.literal('embedded'),
  z.strictObject({
    embedded: z
      .strictObject({
        path: z
          .string()
          .min(1)
          .meta({ description: 'Where it lies, relative to this file.', examples: ['.remora/remora.db'] }),
      })
      .meta({ description: 'A SQLite file, for one machine.' }),
  }),
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
  admin: z
    .strictObject({
      listen: loopbackAddress
        .prefault('127.0.0.1:8081')
        .meta({ description: 'Where it listens. A loopback address, for now.', examples: ['127.0.0.1:8081'] }),
    })
    .prefault({})
    .meta({ description: 'Health, metrics and the admin API.' }),
  providers: z.record(shortName, providerSchema).meta({ description: 'Who is called and paid, by a name of your choice.' }),
  models: z.record(modelName, modelSchema).meta({ description: 'What clients may ask for, by the name they ask with.' }),
  tenants: z.record(shortName, tenantSchema).prefault({}).meta({ description: 'Who calls and pays, by name. Without a tenant nobody may call.' }),
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
    description: 'Where spend is kept: `embedded` is the SQLite file `.remora/remora.db` beside this file.',
    examples: ['embedded'],
  }),
  telemetry: telemetrySchema.prefault({}).meta({ description: 'Traces.' }),
});

/** Forms that take a model or a tenant without the fields that are wrong in themselves, so that the rest can still be checked. */
export const partialModelSchema = modelSchema.extend({ targets: z.array(targetSchema.partial()) }).partial();
export const partialTenantSchema = tenantSchema.partial();

/** A config that satisfies the schema. Whether its names lead anywhere is checked after. */
export type Config = z.output<typeof configSchema>;
export type ProviderConfig = z.output<typeof providerSchema>;
export type ModelConfig = z.output<typeof modelSchema>;
export type TenantConfig = z.output<typeof tenantSchema>;
export type PartialModel = z.output<typeof partialModelSchema>;
export type PartialTenant = z.output<typeof partialTenantSchema>;

/** Fields whose value is a secret: they may hold `file:PATH`, and are never shown. */
export function isSecret([top, , ...rest]: Path): boolean {
  if (top === 'secrets') return true;
  const field = rest.length === 3 && rest[0] === 'credentials' ? rest[2] : rest[0];
  return top === 'providers' && (rest.length === 1 || rest.length === 3) && secretFields.has(String(field));
}
