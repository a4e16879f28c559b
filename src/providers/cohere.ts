import { cohereEmbed } from '../protocols/cohere-embed/index.ts';
import { cohereRerank } from '../protocols/cohere-rerank/index.ts';
import { openaiChat } from '../protocols/openai-chat/index.ts';
import { plainMessages, takesOnly } from './openai-fields.ts';
import { api, bearerKey, type Provider } from './provider.ts';

const isEmbedder = (model: string): boolean => model.startsWith('embed-');
const isRanker = (model: string): boolean => model.startsWith('rerank-');

/** Cohere: chat as OpenAI has it (https://docs.cohere.com/docs/compatibility-api), vectors and ranking as it has them itself (https://docs.cohere.com/reference/about). */
export const cohere: Provider = {
  kind: 'cohere',
  apis: [
    api(openaiChat, '/compatibility/v1/chat/completions', {
      serves: (model) => !isEmbedder(model) && !isRanker(model),
      hasOwnAnswers: true, // errors without an envelope, in streams as well
      quirks: {
        ...takesOnly('seed stop stream_options logprobs reasoning_effort tools tool_choice user'),
        ...plainMessages(),
        maxTokensField: 'max_tokens',
        reasoningField: 'none',
        reasoningEfforts: ['none', 'high'],
        systemRole: 'system',
        strictTools: false,
      },
    }),
    api(cohereEmbed, '/v2/embed'),
    api(cohereRerank, '/v2/rerank'),
  ],
  defaultBaseUrl: () => 'https://api.cohere.com',
  settings: { required: [], optional: [] },
  credentials: [['apiKey']],
  pricedAs: 'cohere',
  connect: bearerKey,
};
