import { anthropicCountTokens } from '../protocols/anthropic-count-tokens/index.ts';
import { anthropicMessages } from '../protocols/anthropic-messages/index.ts';
import { api, keyHeader, type Provider } from './provider.ts';

const headers = {
  defaultHeaders: { 'anthropic-version': '2023-06-01' },
  passQuery: ['beta'],
  passHeaders: ['anthropic-version', 'anthropic-beta'],
};

/** Anthropic's own API: https://docs.anthropic.com/en/api/messages */
export const anthropic: Provider = {
  kind: 'anthropic',
  apis: [api(anthropicMessages, '/v1/messages', headers), api(anthropicCountTokens, '/v1/messages/count_tokens', headers)],
  defaultBaseUrl: () => 'https://api.anthropic.com',
  settings: { required: [], optional: [] },
  credentials: [['apiKey']],
  pricedAs: 'anthropic',
  connect: keyHeader('x-api-key'),
};
