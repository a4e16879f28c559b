import { z } from 'zod';
import { serviceTierOf, tierName } from '../llm/service-tier.ts';
import { dollars } from './schema-names.ts';
import { share } from './values.ts';

const tokenPrices = {
  input: dollars('Input, without what was read from or written to the cache.'),
  output: dollars('Output.'),
  cacheRead: dollars('Input read from the cache; defaults to the price of input.').optional(),
  cacheWrite: dollars('Input written to the cache; defaults to the price of input.').optional(),
  cacheWrite1h: dollars('Input written to the cache for an hour; defaults to the price of other input written to it.').optional(),
  inputAudio: dollars('Audio in the input; defaults to the price of input.').optional(),
  reasoning: dollars('Reasoning; defaults to the price of output.').optional(),
  outputAudio: dollars('Audio in the output; defaults to the price of output.').optional(),
};

const tierPrice = (what: string, otherwise = '') => dollars(`${what}; defaults to what it costs below this tier${otherwise}.`).optional();
const orInput = ', where it has a price of its own there, else to the price of input';
const orOutput = ', where it has a price of its own there, else to the price of output';

const tierSchema = z.strictObject({
  above: z
    .int()
    .min(1)
    .max(1_000_000_000)
    .meta({ description: 'Input tokens of a request beyond which the tier holds, for all of its tokens.', examples: [200000] }),
  input: tierPrice('Input'),
  output: tierPrice('Output'),
  cacheRead: tierPrice('Input read from the cache', orInput),
  cacheWrite: tierPrice('Input written to the cache', orInput),
  cacheWrite1h: tierPrice(
    'Input written to the cache for an hour',
    ', where it has a price of its own there, else to the price of other cache writes',
  ),
  inputAudio: tierPrice('Audio in the input', orInput),
  reasoning: tierPrice('Reasoning', orOutput),
  outputAudio: tierPrice('Audio in the output', orOutput),
});

const flatPriceFields = {
  ...tokenPrices,
  perRequest: dollars('US dollars per request, beside those for tokens. Defaults to none.').optional(),
};

const priceFields = {
  ...flatPriceFields,
  tiers: z
    .array(tierSchema)
    .min(1)
    .max(10)
    .superRefine(ascending('above', 'must be above the tier before it: tiers stand in ascending order'))
    .optional()
    .meta({ description: 'What requests of long inputs cost, in ascending order.', examples: [[{ above: 200000, input: 6, output: 22.5 }]] }),
};

/** `2026-12-01`; its first millisecond in UTC, since 1970. */
const day = z
  .string()
  .transform((text, context): number => {
    const from = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
    if (!Number.isNaN(from) && new Date(from).toISOString().startsWith(text)) return from;
    context.addIssue({ code: 'custom', message: 'must be a day, such as 2026-12-01' });
    return z.NEVER;
  })
  .meta({ description: 'Day from which on the price holds, from midnight in UTC.', examples: ['2026-12-01'] });

const versionSchema = z.strictObject({ from: day, ...priceFields });

/** What a provider model costs: one price, or its versions by the day they begin. */
export const priceSchema = z
  .union([
    z.strictObject(priceFields),
    z.array(versionSchema).min(1).max(100).superRefine(ascending('from', 'must be after the version before it: versions stand in ascending order')),
  ])
  .meta({
    description:
      'US dollars per million tokens, or a list of such prices, each with the day `from` which it holds; before the first the catalogue does. ' +
      'Defaults to `prices`, then to the price catalogue; without a price, tenants with a budget are refused the model.',
    examples: [{ input: 0.25, output: 2 }],
  });

/** What tiers of service cost, by the names that the provider's answers have for them. */
export const serviceTiersSchema = z
  .record(
    z
      .string()
      .regex(tierName, 'must be the name of a tier of service in lower case, such as flex or priority')
      .refine((name) => serviceTierOf(name) === name, { error: 'names no tier that answers have: the price itself is that of the usual tier' }),
    z.union([
      z.strictObject({
        factor: z
          .number()
          .min(0)
          .max(100)
          .meta({ description: 'What tokens cost at this tier, as a multiple of their usual price.', examples: [0.5] }),
      }),
      z.strictObject(flatPriceFields),
    ]),
  )
  .meta({
    description:
      'What tiers of service cost, by the name that answers have for them: a factor to the usual price of tokens, or a price of its own. ' +
      'Of several places that name a tier the most particular one counts. A tier that is not named costs what its vendor documents for all models, else the usual price.',
    examples: [{ priority: { factor: 2 } }],
  });

/** What is taken off a price. */
export const discountSchema = share.meta({
  description: 'Share taken off the price, be it from this file or from the catalogue. The most particular one counts, they are not added.',
  examples: ['12%'],
});

/** Prices of deployments that have none of their own. */
export const pricesSchema = z.record(
  z
    .string()
    .regex(
      /^[a-z0-9][a-z0-9_-]{0,62}\/.{1,256}$/,
      'must be a provider of this file and its model id, such as openai/gpt-5-mini, or openai/* for all',
    ),
  z.strictObject({ price: priceSchema.optional(), discount: discountSchema.optional(), serviceTiers: serviceTiersSchema.optional() }),
);

export type PricesConfig = z.output<typeof pricesSchema>;

/** Refuses a list that has an item whose `field` is not above that of the item before it. */
function ascending<Field extends string>(field: Field, message: string) {
  return (items: readonly Readonly<Record<Field, number>>[], context: z.core.$RefinementCtx): void => {
    for (const [index, item] of items.entries()) {
      const before = items[index - 1];
      if (before !== undefined && item[field] <= before[field]) context.addIssue({ code: 'custom', path: [index, field], message });
    }
  };
}
