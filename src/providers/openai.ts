import { openaiChat } from '../protocols/openai-chat/index.ts';
import { openaiCompletions } from '../protocols/openai-completions/index.ts';
import { openaiEmbeddings } from '../protocols/openai-embeddings/index.ts';
import { openaiInputTokens } from '../protocols/openai-input-tokens/index.ts';
import { openaiResponses } from '../protocols/openai-responses/index.ts';
import { api, bearerKey, type Provider } from './provider.ts';

/** Models that complete text and know no conversations. */
const completesOnly = (model: string): boolean => /^(gpt-3\.5-turbo-instruct|davinci-002|babbage-002)/.test(model);

/** OpenAI's own API: https://platform.openai.com/docs/api-reference */
export const openai: Provider = {
  kind: 'openai',
  apis: [
    api(openaiChat, '/chat/completions', { quirks: { maxTokensField: 'max_completion_tokens' }, serves: (model) => !completesOnly(model) }),
    api(openaiResponses, '/responses', { serves: (model) => !completesOnly(model) }),
    api(openaiCompletions, '/completions', { serves: completesOnly }),
    api(openaiEmbeddings, '/embeddings'),
    api(openaiInputTokens, '/responses/input_tokens'),
  ],
  defaultBaseUrl: () => 'https://api.openai.com/v1',
  settings: { required: [], optional: [] },
  credentials: [['apiKey']],
  pricedAs: 'openai',
  passThroughPath: (path) => path,
  connect: bearerKey,
};
