import { behaviourOfModel } from '../behaviour.ts';

/** Models that are called by the id of an inference profile alone: the places that it may route to, and the model (https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html). */
const claudeModels = [
  'anthropic.claude-haiku-4-5-20251001-v1:0',
  'anthropic.claude-sonnet-4-5-20250929-v1:0',
  'anthropic.claude-opus-4-5-20251101-v1:0',
  'anthropic.claude-sonnet-4-6',
  'anthropic.claude-opus-4-6-v1',
  'anthropic.claude-opus-4-7',
  'anthropic.claude-opus-4-8',
  'anthropic.claude-sonnet-5',
  'anthropic.claude-opus-5',
];

const otherModels = [
  'amazon.nova-micro-v1:0',
  'amazon.nova-lite-v1:0',
  'amazon.nova-pro-v1:0',
  'meta.llama3-3-70b-instruct-v1:0',
  'mistral.mistral-large-2407-v1:0',
  'deepseek.r1-v1:0',
  'openai.gpt-oss-120b-1:0',
];

const profiles = ['global', 'us', 'eu', 'apac', 'jp', 'au'];
const profiled = (models: readonly string[]): string[] => models.flatMap((model) => profiles.map((profile) => `${profile}.${model}`));

/** Ids of the provider models that the fake Bedrock knows as chat models, inference profiles included. */
export const converseModels: readonly string[] = [...profiled(claudeModels), ...otherModels, ...profiled(otherModels)];

/** Ids of the provider models that are called by `invoke` alone: they make vectors, or rank. */
export const titanEmbedModels: readonly string[] = ['amazon.titan-embed-text-v2:0'];
export const cohereEmbedModels: readonly string[] = [
  'cohere.embed-v4:0',
  ...profiled(['cohere.embed-v4:0']),
  'cohere.embed-english-v3',
  'cohere.embed-multilingual-v3',
];
export const cohereRerankModels: readonly string[] = ['cohere.rerank-v3-5:0'];

/** The id that an ARN ends with; any other id is itself. */
export const idOf = (model: string): string => /^arn:aws[a-z-]*:bedrock:[a-z0-9-]+:\d*:[a-z-]+\/(.+)$/.exec(model)?.[1] ?? model;

/** The foundation model that an id stands for, without the profile that it is called by. */
const baseOf = (model: string): string => idOf(model).replace(/^(global|us|eu|apac|jp|au)\./, '');

/** Whether the fake has a model, called by its id or an ARN, or one that misbehaves. */
export const hasModel = (models: ReadonlySet<string>, model: string): boolean =>
  models.has(model) || models.has(idOf(model)) || behaviourOfModel(model) !== undefined;

/** Whether a model is there, but not to be called by its own id. */
export const needsProfile = (model: string): boolean => claudeModels.includes(idOf(model));

/** Anthropic's name of a model, without Bedrock's version; undefined for the models of others. */
export const claudeNameOf = (model: string): string | undefined => /^anthropic\.(claude-.+?)(-v\d+)?(:\d+)?$/.exec(baseOf(model))?.[1];

const isNova = (model: string): boolean => baseOf(model).startsWith('amazon.nova-');
/** A model of a test's own, of which nothing is known: it takes all there is. */
const isStranger = (model: string): boolean => !otherModels.includes(baseOf(model)) && claudeNameOf(model) === undefined;

/** https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference-supported-models-features.html */
export const takesTools = (model: string): boolean => baseOf(model) !== 'deepseek.r1-v1:0';

/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolChoice.html */
export function takesToolChoice(model: string, choice: 'auto' | 'any' | 'tool'): boolean {
  if (choice === 'auto' || claudeNameOf(model) !== undefined || isNova(model) || isStranger(model)) return true;
  return choice === 'any' && baseOf(model).startsWith('mistral.');
}

/** https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html */
export function takesCachePoint(model: string, place: 'tools' | 'system' | 'messages'): boolean {
  return claudeNameOf(model) !== undefined || isStranger(model) || (isNova(model) && place !== 'tools');
}

/** https://docs.aws.amazon.com/bedrock/latest/userguide/count-tokens.html */
export const countsTokens = (model: string): boolean => claudeNameOf(model) !== undefined || isStranger(model);

/** Models that think whether they are asked to or not. */
export const reasonsUnasked = (model: string): boolean => baseOf(model) === 'deepseek.r1-v1:0';

/** Models that sign what they think, and want it back with its signature. */
export const signsReasoning = (model: string): boolean => claudeNameOf(model) !== undefined || isStranger(model);
