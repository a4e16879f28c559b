import { z } from 'zod';
import { errorClasses, stickiness, strategies } from '../routing/deployment.ts';
import { limitSchema } from './schema-terms.ts';
import { shortName } from './schema-names.ts';
import { discountSchema, priceSchema, serviceTiersSchema } from './schema-price.ts';
import { credential, durationMs, httpUrl, share } from './values.ts';

const modelReference = (what: string) => z.string().meta({ description: what, examples: ['smart'] });

const capabilitiesSchema = z.strictObject({
  contextTokens: z
    .int()
    .min(1)
    .optional()
    .meta({ description: 'Most tokens of input and output together.', examples: [128000] }),
  outputTokens: z
    .int()
    .min(1)
    .optional()
    .meta({ description: 'Most tokens of output.', examples: [16384] }),
  images: z.boolean().optional().meta({ description: 'Whether it takes images.' }),
  documents: z.boolean().optional().meta({ description: 'Whether it takes documents such as PDFs.' }),
  audio: z.boolean().optional().meta({ description: 'Whether it takes audio.' }),
  tools: z.boolean().optional().meta({ description: 'Whether it calls tools.' }),
  jsonSchema: z.boolean().optional().meta({ description: 'Whether it can be held to a JSON schema.' }),
  reasoning: z.boolean().optional().meta({ description: 'Whether it reasons.' }),
  dimensions: z
    .array(z.int().min(1))
    .min(1)
    .optional()
    .meta({ description: 'Lengths of vectors that it can make.', examples: [[256, 1024]] }),
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
  capabilities: capabilitiesSchema
    .optional()
    .meta({ description: 'What the model can take and do, where the model catalogue does not know it or is wrong.' }),
  price: priceSchema.optional(),
  discount: discountSchema.optional(),
  serviceTiers: serviceTiersSchema.optional(),
});

const classifierSchema = z.strictObject({
  url: httpUrl.meta({
    description: 'Where it is asked: an OpenAI-compatible base URL where `model` is given, else a service that takes and gives JSON.',
    examples: ['http://classifier:8000/v1'],
  }),
  apiKey: credential.optional().meta({ description: 'Sent as a bearer token.', examples: ['${CLASSIFIER_KEY}'] }),
  model: z.string().min(1).max(256).optional().meta({ description: 'Model that is asked.' }),
  timeout: durationMs.prefault('300ms').meta({ description: "Longest wait; after it the request's own features decide.", examples: ['300ms'] }),
});

const autoSchema = z.strictObject({
  simple: modelReference('Model for simple work.'),
  hard: modelReference('Model for hard work.'),
  threshold: z.number().min(0).max(1).default(0.5).meta({ description: 'Score from which on work is hard; scores go from 0 to 1.' }),
  classifier: classifierSchema.optional().meta({ description: 'A service that says how hard a task is. Defaults to features of the request alone.' }),
});

const experimentSchema = z.strictObject({
  name: shortName.meta({ description: 'Name of the experiment in traces, metrics and usage.', examples: ['newer-model'] }),
  by: z.enum(stickiness).default('user').meta({ description: 'Whose requests always meet the same variant.' }),
  variants: z
    .array(
      z.strictObject({
        name: shortName.meta({ description: 'Name of the variant.', examples: ['a'] }),
        model: modelReference('Model that its requests go to.'),
        weight: z.int().min(0).max(1_000_000).default(1).meta({ description: 'Share of the requests, relative to the other variants.' }),
      }),
    )
    .min(2)
    .max(20)
    .meta({ description: 'What is compared.' }),
});

const mirrorSchema = z.strictObject({
  model: modelReference('Model that gets the copies.'),
  share: share.meta({ description: 'Share of the requests that are copied.', examples: ['1%'] }),
  tenant: z.string().meta({ description: 'Tenant that pays for the copies.', examples: ['lab'] }),
});

/** A model as the config has it: where a name that clients ask for leads to. */
export const modelSchema = z.strictObject({
  targets: z.array(targetSchema).min(1).optional().meta({
    description: 'Deployments that answer it, in the order that `strategy` gives them. Absent where `auto` or `experiment` choose another model.',
  }),
  strategy: z.enum(strategies).default('weighted').meta({
    description:
      'How targets are put in order for a request: drawn by weight, lowest expected cost, shortest expected time, fewest requests under way, or as written. Deployments that cannot serve it or rest are left out first.',
  }),
  sticky: z.enum(stickiness).optional().meta({
    description:
      "Whose requests keep going to the same target while it can serve them, so that the provider's prompt cache does. Defaults to nobody's.",
  }),
  auto: autoSchema.optional().meta({ description: 'Chooses another model by how hard the task is.' }),
  experiment: experimentSchema.optional().meta({ description: 'Shares requests among other models, each caller always to the same.' }),
  fallback: z
    .array(z.string())
    .default([])
    .meta({
      description: 'Models tried after this one, in order, when a provider limits, fails, is too slow or cannot be reached.',
      examples: [['smart']],
    }),
  fallbackFor: z
    .partialRecord(z.enum(errorClasses), z.array(z.string()).min(1))
    .prefault({})
    .meta({
      description: 'Models tried instead where a provider with `inspect: errors` says that the request is too long for it, or filters its content.',
      examples: [{ 'context-length': ['long'] }],
    }),
  fallbackOn: z
    .array(z.union([z.literal('5xx'), z.int().min(400).max(599)]))
    .min(1)
    .default(['5xx', 401, 402, 403, 408, 429])
    .meta({
      description:
        'Statuses of a provider after which the next deployment is tried. 401, 402 and 403 are about our credential, never about the client.',
      examples: [['5xx', 429]],
    }),
  retries: z
    .int()
    .min(0)
    .max(3)
    .default(0)
    .meta({ description: 'How often a deployment is tried again before the next one is, within `resilience.retryBudget`.' }),
  commit: z.literal('first-token').optional().meta({
    description:
      'Shows a stream to the client only once it has content, so that an error, silence or an empty answer before that leads to the next deployment. Defaults to showing it at once.',
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
      firstToken: durationMs.optional().meta({
        description: 'Longest wait for the first content of a stream, after which the next deployment is tried. Makes `commit: first-token` of it.',
        examples: ['10s'],
      }),
      betweenTokens: durationMs.optional().meta({
        description: 'Longest wait for the next piece of a stream that has begun; after it the answer is broken off.',
        examples: ['30s'],
      }),
      total: durationMs
        .optional()
        .meta({ description: 'Longest time of the whole answer, all attempts together. Defaults to no limit.', examples: ['5m'] }),
    })
    .prefault({})
    .meta({ description: 'How long to wait for an answer.' }),
  limits: z
    .array(limitSchema)
    .max(20)
    .default([])
    .meta({
      description: 'Requests and tokens per time, and requests at once, of all tenants together; each gets its fair share where they are scarce.',
      examples: [[{ tokens: 2_000_000, per: 'minute' }]],
    }),
  mirror: mirrorSchema.optional().meta({ description: 'Copies requests to another model. Its answers are recorded and nobody gets them.' }),
});

/** A form that takes a model without the fields that are wrong in themselves, so that the rest can still be checked. */
export const partialModelSchema = modelSchema.extend({ targets: z.array(targetSchema.partial()) }).partial();
