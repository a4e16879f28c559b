import { openaiChat } from '../protocols/openai-chat/index.ts';
import { bearerKey, type Provider } from './provider.ts';

/** Any server that speaks OpenAI's chat API, such as vLLM, Ollama or llama.cpp: an address of one's own, often without a key. */
export const openaiCompatible: Provider = {
  kind: 'openai-compatible',
  apis: [
    {
      protocol: openaiChat,
      path: () => '/chat/completions',
      quirks: { maxTokensField: 'max_tokens' },
      defaultHeaders: {},
      passQuery: [],
      passHeaders: [],
    },
  ],
  defaultBaseUrl: () => undefined,
  settings: { required: [], optional: [] },
  credentials: [['apiKey'], []],
  pricedAs: undefined,
  passThroughPath: (path) => path,
  connect: bearerKey,
};
