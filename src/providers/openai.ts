import { openaiChat } from '../protocols/openai-chat/index.ts';
import type { Provider } from './provider.ts';

/** OpenAI's own API: https://platform.openai.com/docs/api-reference/chat */
export const openai: Provider = {
  kind: 'openai',
  protocol: openaiChat,
  defaultBaseUrl: 'https://api.openai.com/v1',
  path: '/chat/completions',
  quirks: { maxTokensField: 'max_completion_tokens' },
  pricedAs: 'openai',
  authorize: (apiKey) => (apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
  defaultHeaders: {},
  passQuery: [],
  passHeaders: [],
};
