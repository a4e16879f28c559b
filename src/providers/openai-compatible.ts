import { openai } from './openai.ts';
import type { Provider } from './provider.ts';

/** Any server that speaks OpenAI's chat API, such as vLLM, Ollama or llama.cpp: an address of one's own, often without a key. */
export const openaiCompatible: Provider = {
  ...openai,
  kind: 'openai-compatible',
  defaultBaseUrl: undefined,
  quirks: { maxTokensField: 'max_tokens' },
  pricedAs: undefined,
};
