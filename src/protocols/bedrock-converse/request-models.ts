import type { ReasoningEffort } from '../../llm/request.ts';
import { rulesOf as claudeRulesOf, type ModelRules } from '../anthropic-messages/request-models.ts';

/** Where a cache point may stand. */
export type CachePlace = 'tools' | 'system' | 'messages';

/** How a model is told how much to think: in Claude's own fields, in Nova's, or as an effort. */
export type ReasoningRules =
  | { kind: 'claude'; rules: ModelRules }
  | { kind: 'nova' }
  | { kind: 'effort'; efforts: readonly ReasoningEffort[] }
  | { kind: 'none' };

/** What a model takes of Converse: the API is one, its models differ. */
export interface ConverseRules {
  reasoning: ReasoningRules;
  /** Whether it takes back reasoning that Anthropic has signed. */
  takesSignatures: boolean;
  cachePoints: readonly CachePlace[];
  /** Whether cache points may be for an hour. */
  longCache: boolean;
  /** Choices of tools beside `auto`. */
  toolChoices: readonly ('any' | 'tool')[];
  /** Whether a result may say that its tool failed. */
  resultStatus: boolean;
  /** Whether answers and the arguments of tools can be held to a schema. */
  schemas: boolean;
  /** Whether the schema of a tool may have no more at its top than type, properties and what is required. */
  plainSchemas: boolean;
  /** Where in `additionalModelRequestFields` it is told how many tokens to choose from; undefined where it cannot be told. */
  topK?: readonly [string, ...string[]];
  audio: boolean;
}

const everywhere: readonly CachePlace[] = ['tools', 'system', 'messages'];

const plain: ConverseRules = {
  reasoning: { kind: 'none' },
  takesSignatures: false,
  cachePoints: [],
  longCache: false,
  toolChoices: [],
  resultStatus: false,
  schemas: false,
  plainSchemas: false,
  audio: false,
};

const nova: ConverseRules = {
  ...plain,
  cachePoints: ['system', 'messages'],
  toolChoices: ['any', 'tool'],
  resultStatus: true,
  plainSchemas: true,
  topK: ['inferenceConfig', 'topK'],
};
const nova2: ConverseRules = { ...nova, reasoning: { kind: 'nova' } };
const mistral: ConverseRules = { ...plain, toolChoices: ['any'], topK: ['top_k'] };

/**
 * Models that an id does not tell, such as an inference profile of one's own: nothing is kept from them that a client asks for in Converse's own fields,
 * but what only one maker's models have a field for is not guessed.
 */
const unknown: ConverseRules = {
  ...plain,
  takesSignatures: true,
  cachePoints: everywhere,
  longCache: true,
  toolChoices: ['any', 'tool'],
  resultStatus: true,
  schemas: true,
};

/**
 * Makers and families by what their ids hold, the special ones first.
 * Source: https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference-supported-models-features.html, /prompt-caching.html, /structured-output.html,
 * https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolChoice.html, https://docs.aws.amazon.com/nova/latest/nova2-userguide/request-response-schema.html
 */
const families: readonly (readonly [RegExp, ConverseRules])[] = [
  [/amazon\.nova-2-(?:omni|sonic)/, { ...nova2, audio: true }],
  [/amazon\.nova-2-/, nova2],
  [/amazon\.nova-/, nova],
  [/mistral\.(?:magistral|ministral|mistral-large-3|voxtral)/, { ...mistral, schemas: true, audio: true }],
  [/mistral\./, mistral],
  [/openai\.gpt-oss/, { ...plain, reasoning: { kind: 'effort', efforts: ['low', 'medium', 'high'] }, schemas: true }],
  [/cohere\.command/, { ...plain, topK: ['k'] }],
  [/deepseek\.r1|meta\.|ai21\.|amazon\.titan|writer\./, plain],
  [/deepseek\.|qwen\.|google\.gemma|minimax\.|moonshot|nvidia\./, { ...plain, schemas: true }],
];

/** What a model takes, by its id, that of an inference profile, or an ARN that ends with one. */
export function rulesOf(model: string): ConverseRules {
  if (model.includes('anthropic.claude-')) return claude(claudeRulesOf(model));
  return families.find(([family]) => family.test(model))?.[1] ?? unknown;
}

/** Claude takes cache points for an hour since it can be held to schemas (4.5). */
const claude = (rules: ModelRules): ConverseRules => ({
  ...unknown,
  reasoning: { kind: 'claude', rules },
  longCache: rules.schemas,
  schemas: rules.schemas,
  topK: ['top_k'],
});
