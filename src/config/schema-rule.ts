import { z } from 'zod';
import type { ReasoningEffort } from '../llm/request.ts';
import { shortName } from './schema-names.ts';

export const reasoningEfforts = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const satisfies ReasoningEffort[];

/** A routing rule as the config has it. */
export const ruleSchema = z.strictObject({
  name: shortName.meta({ description: 'Name of the rule in traces and metrics.', examples: ['images'] }),
  when: z
    .string()
    .min(1)
    .max(4000)
    .meta({
      description: 'Condition, as a CEL expression over the request (see docs/guides/rules.md).',
      examples: ['request.has_images && tenant == "marketing"'],
    }),
  use: z
    .string()
    .optional()
    .meta({ description: 'Model that takes the place of the one asked for.', examples: ['vision'] }),
  fallback: z
    .array(z.string())
    .default([])
    .meta({ description: "Models tried before the model's own fallback.", examples: [['smart']] }),
  without: z
    .array(z.string())
    .default([])
    .meta({ description: 'Providers, or deployments as `provider/model`, that are not tried.', examples: [['openai']] }),
  set: z
    .strictObject({
      maxTokens: z.int().min(1).optional().meta({ description: 'Most output tokens.' }),
      temperature: z.number().min(0).max(2).optional().meta({ description: 'Sampling temperature.' }),
      topP: z.number().min(0).max(1).optional().meta({ description: 'Nucleus sampling.' }),
      reasoningEffort: z.enum(reasoningEfforts).optional().meta({ description: 'How much the model thinks.' }),
    })
    .optional()
    .meta({ description: 'Parameters that the request gets, whatever the client sent.' }),
});
