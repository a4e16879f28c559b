import { z } from 'zod';
import { periods, windows, type Window } from '../policies/terms.ts';
import { reasoningEfforts } from './schema-rule.ts';
import { dollars, modelName, shortName } from './schema-names.ts';
import { durationMs, share } from './values.ts';

const count = (what: string) => z.number().int().min(1).max(1_000_000_000_000).meta({ description: what });

/** What narrows a limit or a budget to some of the requests. */
const filter = {
  model: modelName.optional().meta({ description: 'Counts only what this model serves.', examples: ['smart'] }),
  provider: shortName.optional().meta({ description: 'Counts only what this provider serves.', examples: ['openai'] }),
};

const windowNames = Object.keys(windows) as [Window, ...Window[]];

/** A limit: requests or tokens per time, or requests at once. */
export const limitSchema = z
  .strictObject({
    requests: count('Requests that may come at once, and again over the time of `per`.').optional(),
    tokens: count('Tokens, input and output, that may be used at once, and again over the time of `per`.').optional(),
    concurrent: count('Requests that may be under way at once.').optional(),
    per: z.enum(windowNames).optional().meta({ description: 'The time that `requests` or `tokens` are per.' }),
    ...filter,
  })
  .superRefine((limit, context) => {
    const given = (['requests', 'tokens', 'concurrent'] as const).filter((field) => limit[field] !== undefined);
    if (given.length !== 1) context.addIssue({ code: 'custom', message: 'must have one of requests, tokens and concurrent; write a limit for each' });
    else if (limit.concurrent !== undefined && limit.per !== undefined)
      context.addIssue({ code: 'custom', path: ['per'], message: 'means nothing beside concurrent, which is no count per time' });
    else if (limit.concurrent === undefined && limit.per === undefined)
      context.addIssue({ code: 'custom', path: ['per'], message: `is missing; write one of ${windowNames.join(', ')}` });
  });

const actions = ['warn', 'effort', 'maxTokens', 'use', 'queue', 'deny'] as const;

const stepSchema = z
  .strictObject({
    at: share.meta({ description: 'Share of the amount that is used when this begins.', examples: ['80%'] }),
    warn: z.literal(true).optional().meta({ description: 'Tells people: log, metric, and `alerts.webhook`.' }),
    effort: z.enum(reasoningEfforts).optional().meta({ description: 'Models think no more than this.' }),
    maxTokens: z
      .number()
      .int()
      .min(1)
      .max(10_000_000)
      .optional()
      .meta({ description: 'Answers are no longer than this, in tokens.', examples: [1000] }),
    use: modelName.optional().meta({ description: 'This model serves instead of the one asked for.', examples: ['house-llama'] }),
    queue: durationMs.optional().meta({
      description: 'Requests wait for their turn, so that the rest lasts until the period ends; one that would wait longer than this is refused.',
      examples: ['20s'],
    }),
    deny: z.literal(true).optional().meta({ description: 'Requests are refused. Beyond 100% and the grace they always are.' }),
  })
  .refine((step) => actions.filter((action) => step[action] !== undefined).length === 1, {
    error: `must have one of ${actions.join(', ')} beside at; write a step for each`,
  });

/** A budget: dollars or tokens per period. */
export const budgetSchema = z
  .strictObject({
    amount: dollars('US dollars that may be spent per period.').optional(),
    tokens: count('Tokens, input and output, that may be used per period.').optional(),
    per: z
      .enum(periods)
      .meta({ description: 'The period, aligned to the calendar in `timeZone`; weeks begin on Monday. `total` never begins afresh.' }),
    ...filter,
    grace: share
      .default(0)
      .meta({ description: 'What may be spent beyond the amount before requests are refused, as a share of it.', examples: ['5%'] }),
    ladder: z
      .array(stepSchema)
      .max(20)
      .default([])
      .meta({
        description: 'What is done as it is used up.',
        examples: [
          [
            { at: '80%', warn: true },
            { at: '100%', deny: true },
          ],
        ],
      }),
  })
  .refine(({ amount, tokens }) => (amount === undefined) !== (tokens === undefined), {
    error: 'must have one of amount (US dollars) and tokens',
  });

/** The limits and budgets of somebody. `budget` is for the usual case of one. */
export const termsFields = {
  limits: z
    .array(limitSchema)
    .max(50)
    .default([])
    .meta({
      description: 'Requests and tokens per time, and requests at once. A request is held to all of them.',
      examples: [[{ requests: 600, per: 'minute' }, { tokens: 200_000, per: 'minute' }, { concurrent: 20 }]],
    }),
  budget: budgetSchema.optional().meta({ description: 'Money or tokens that may be spent. Defaults to no limit.' }),
  budgets: z
    .array(budgetSchema)
    .max(20)
    .default([])
    .meta({ description: 'More than one: overall, for a model, for a provider. A request is held to all of them.' }),
};

export type LimitConfig = z.output<typeof limitSchema>;
export type BudgetConfig = z.output<typeof budgetSchema>;
