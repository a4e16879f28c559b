import { openaiChat } from '../protocols/openai-chat/index.ts';
import { bearerKey, type Provider } from './provider.ts';

/** OpenAI's own API: https://platform.openai.com/docs/api-reference */
export const openai: Provider = {
  kind: 'openai',
  apis: [
    {
      protocol: openaiChat,
      path: () => '/chat/completions',
      quirks: { maxTokensField: 'max_completion_tokens' },
      defaultHeaders: {},
      passQuery: [],
      passHeaders: [],
    },
  ],
  defaultBaseUrl: () => 'https://api.openai.com/v1',
  settings: { required: [], optional: [] },
  credentials: [['apiKey']],
  pricedAs: 'openai',
  passThroughPath: (path) => path,
  connect: bearerKey,
};
