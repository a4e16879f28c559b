import { z } from 'zod';
import { limitSchema } from './schema-terms.ts';
import type { CredentialField, SettingName } from '../providers/provider.ts';
import { providerKinds } from '../providers/registry.ts';
import { place, shortName } from './schema-names.ts';
import { discountSchema } from './schema-price.ts';
import { breakerSchema } from './schema-resilience.ts';
import { credential, durationMs, httpUrl, isJsonObject } from './values.ts';

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
export const secretFields: ReadonlySet<string> = new Set<CredentialField>([
  'apiKey',
  'accessToken',
  'secretAccessKey',
  'sessionToken',
  'serviceAccount',
  'clientSecret',
]);

const setting = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, 'must be letters, digits, ".", "_" and "-", 128 at most');

const settingFields = {
  region: setting.optional().meta({
    description: 'Where it is: for `bedrock` the AWS region, elsewhere in your words. Tenants can be held to regions.',
    examples: ['eu-central-1'],
  }),
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
  residency: place.optional().meta({
    description: 'Whose law what is sent there is under, in your words; tenants and personal data can be held to it.',
    examples: ['eu'],
  }),
  selfHosted: z.boolean().default(false).meta({ description: 'Whether you run it yourself: what is sent there does not leave the house.' }),
  credentials: z
    .array(
      z.strictObject({
        name: shortName.meta({ description: 'Name of the credential in logs, metrics and traces.', examples: ['second'] }),
        weight: z.int().min(1).max(1_000_000).default(1).meta({ description: 'Share of the requests, relative to the other credentials.' }),
        baseUrl: httpUrl
          .optional()
          .meta({ description: "Address that it is used at. Defaults to the provider's.", examples: ['https://eu.llm.example.com/v1'] }),
        ...credentialFields,
      }),
    )
    .min(1)
    .max(100)
    .optional()
    .meta({
      description:
        'A pool: several credentials or addresses that share the traffic, instead of one given beside `kind`. One that is limited, out of money or refused is set aside for its time.',
    }),
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
  limits: z
    .array(limitSchema)
    .max(20)
    .default([])
    .meta({
      description:
        'Requests and tokens per time, and requests at once, of all tenants together. A provider at its limit is passed over where another can serve.',
      examples: [[{ requests: 5000, per: 'minute' }]],
    }),
  discount: discountSchema.optional(),
  maxConcurrent: z
    .int()
    .min(1)
    .max(1_000_000)
    .optional()
    .meta({
      description: 'Most attempts under way at once, all credentials together. Defaults to no limit.',
      examples: [100],
    }),
  breaker: breakerSchema.optional().meta({ description: 'When deployments of this provider are given a rest. Defaults to `resilience.breaker`.' }),
  inspect: z.literal('errors').optional().meta({
    description:
      'Reads the bodies of its errors before the next deployment is tried: only they tell a request that is too long, content that was filtered and money that ran out from other faults.',
  }),
});
