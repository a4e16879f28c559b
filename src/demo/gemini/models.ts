/** Provider models that the fake Gemini knows: those that write. */
const geminiChatModels = [
  'gemini-2.5-flash-lite',
  'gemini-2.5-flash',
  'gemini-2.5-pro',
  'gemini-3-flash-preview',
  'gemini-3-pro-preview',
  'gemini-3.1-flash-lite',
  'gemini-3.1-pro-preview',
  'gemini-3.5-flash-lite',
  'gemini-3.5-flash',
  'gemini-3.6-flash',
  'gemini-3.7-flash',
  'gemini-3.8-flash',
  'gemini-4-argon',
] as const;

/** Provider models that give embeddings. */
const geminiEmbeddingModels = ['gemini-embedding-001', 'gemini-embedding-2'] as const;

export const geminiModels: readonly string[] = [...geminiChatModels, ...geminiEmbeddingModels];

/** Input tokens that fit (https://ai.google.dev/gemini-api/docs/models). */
export const inputTokenLimit = (model: string): number => (isEmbeddingModel(model) ? 8192 : 1_048_576);

/** Most output tokens of one response. */
export const outputTokenLimit = 65_536;

/** Most numbers of an embedding. */
export const maxDimensions = 3072;

export const isEmbeddingModel = (model: string): boolean => model.startsWith('gemini-embedding-');

/** The generation of a model as a number, such as 3.1; undefined for models of a test's own. */
function version(model: string): number | undefined {
  const found = /^gemini-(\d+(?:\.\d+)?)-/.exec(model)?.[1];
  return found === undefined ? undefined : Number(found);
}

const since = (model: string, first: number): boolean => (version(model) ?? first) >= first;

/** Models that give each function call an id, and want it back. */
export const givesCallIds = (model: string): boolean => since(model, 3);

/** Models that refuse a function call of the current turn that lacks its signature (https://ai.google.dev/gemini-api/docs/thought-signatures). */
export const needsSignatures = (model: string): boolean => (version(model) ?? 0) >= 3;

/** Models that call functions and search, or answer in JSON, in one request. */
export const combinesTools = (model: string): boolean => since(model, 3);

/** Models that write more than one candidate. */
export const writesCandidates = (model: string): boolean => !since(model, 3);

/** Models that go on where a last turn of the model ends (https://ai.google.dev/gemini-api/docs/generate-content/latest-model). */
export const continuesModelTurn = (model: string): boolean => model !== 'gemini-3.5-flash-lite' && (version(model) ?? 0) < 3.6;

const allLevels = ['MINIMAL', 'LOW', 'MEDIUM', 'HIGH'];

/** The thinking levels that a model takes (https://docs.cloud.google.com/gemini-enterprise-agent-platform/models/thinking); empty where it takes a budget only. */
export function thinkingLevels(model: string): readonly string[] {
  if (!since(model, 3)) return [];
  if (model === 'gemini-3-pro-preview') return ['LOW', 'HIGH'];
  return model.includes('-pro') || (version(model) ?? 0) >= 3.7 ? ['LOW', 'MEDIUM', 'HIGH'] : allLevels;
}

/** The thinking budgets that a model takes besides -1, its own choice (https://ai.google.dev/gemini-api/docs/thinking). */
export function thinkingBudgets(model: string): { min: number; max: number; canBeZero: boolean } {
  if (model.startsWith('gemini-2.5-flash-lite')) return { min: 512, max: 24_576, canBeZero: true };
  if (model.startsWith('gemini-2.5-flash')) return { min: 1, max: 24_576, canBeZero: true };
  return { min: 128, max: 32_768, canBeZero: since(model, 3) && thinkingLevels(model).includes('MINIMAL') };
}
