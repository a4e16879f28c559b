import type { ProviderFailure } from '../llm/part.ts';

/** What an error's status alone does not say. */
export type BodyClass = 'context-length' | 'content-filter' | 'overloaded' | 'out-of-money';

/**
 * Words by which a vendor's errors are known. `types` are its own codes, whole; `phrases` stand in its messages, which vendors change more often. All in lower case.
 * The test names each vendor's body that they are taken from.
 */
interface Signs {
  types: readonly string[];
  phrases: readonly string[];
  /** Statuses at which phrases count: the same words mean something else elsewhere. */
  at: (status: number) => boolean;
  /** Whether a message must begin with the phrase. Where a request is found wrong, messages quote it, and a client could write what it likes into them. */
  atBeginning?: boolean;
}

const signs: readonly (readonly [BodyClass, Signs])[] = [
  [
    'out-of-money',
    {
      types: [
        'insufficient_quota',
        'billing_hard_limit_reached',
        'billing_not_active',
        'billing_error',
        'exceeded_current_quota_error',
        'billing_disabled',
        'payment_required',
      ],
      phrases: [
        'insufficient balance',
        'insufficient credits',
        'requires more credits',
        'used all available credits',
        "doesn't have any credits",
        'credits are depleted',
        'monthly spending limit',
      ],
      at: (status) => status === 401 || status === 402 || status === 403 || status === 429,
    },
  ],
  [
    'out-of-money',
    {
      types: [],
      phrases: ['your credit balance is too low', 'you have reached your specified api usage limits'],
      at: (status) => status < 500,
      atBeginning: true,
    },
  ],
  [
    'context-length',
    {
      types: ['context_length_exceeded', 'exceed_context_size_error'],
      phrases: [
        'maximum context length',
        'context window',
        'context length',
        'context limit',
        'context size',
        'prompt is too long',
        'input is too long',
        'input token count',
        'too many input tokens',
        'input tokens exceeded',
        'too many tokens: ',
        'maximum prompt length',
        'maximum model length',
        'must have less than',
        'tokens + `max_new_tokens` must be',
      ],
      at: (status) => status === 400 || status === 413 || status === 422 || status >= 500, // 429 speaks of tokens per minute
    },
  ],
  [
    'content-filter',
    {
      types: [
        'content_filter',
        'content_policy_violation',
        'responsibleaipolicyviolation',
        'moderation_blocked',
        'invalid_prompt',
        'data_inspection_failed',
      ],
      phrases: [
        'content management policy',
        'content filtering policy',
        'content filters',
        'content exists risk',
        'violates usage guidelines',
        'input was flagged',
        'safety system',
        'considered high risk',
      ],
      at: (status) => status < 500,
    },
  ],
  [
    'overloaded',
    {
      types: [
        'overloaded_error',
        'overloaded',
        'engine_overloaded',
        'server_overloaded',
        'slow_down',
        'unavailable',
        'serviceunavailableexception',
        'modelnotreadyexception',
        'nocapacity',
        'capacity_exceeded',
        'service_tier_capacity_exceeded',
      ],
      phrases: ['overloaded', 'over capacity', 'capacity exceeded', 'experiencing high demand'],
      at: (status) => status === 429 || status >= 498,
    },
  ],
];

/** What kind of failure a provider's error is, where its words say more than its status; undefined where they do not. */
export function classifyFailure({ status, type, message }: ProviderFailure): BodyClass | undefined {
  const word = type.toLowerCase();
  const byType = signs.find(([, { types }]) => types.includes(word));
  if (byType !== undefined) return byType[0];
  if (status === 402) return 'out-of-money';
  const text = message.toLowerCase();
  const isSaid = (phrase: string, atBeginning = false): boolean => (atBeginning ? text.startsWith(phrase) : text.includes(phrase));
  return signs.find(([, { phrases, at, atBeginning }]) => at(status) && phrases.some((phrase) => isSaid(phrase, atBeginning)))?.[0];
}
