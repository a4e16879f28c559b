import { anthropicMessages } from '../protocols/anthropic-messages/index.ts';
import { keyHeader, type Provider } from './provider.ts';

/** Anthropic's own API: https://docs.anthropic.com/en/api/messages */
export const anthropic: Provider = {
  kind: 'anthropic',
  apis: [
    {
      protocol: anthropicMessages,
      path: () => '/v1/messages',
      quirks: {},
      defaultHeaders: { 'anthropic-version': '2023-06-01' },
      passQuery: ['beta'],
      passHeaders: ['anthropic-version', 'anthropic-beta'],
    },
  ],
  defaultBaseUrl: () => 'https://api.anthropic.com',
  settings: { required: [], optional: [] },
  credentials: [['apiKey']],
  pricedAs: 'anthropic',
  connect: keyHeader('x-api-key'),
};
