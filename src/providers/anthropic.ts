import { anthropicMessages } from '../protocols/anthropic-messages/index.ts';
import type { Provider } from './provider.ts';

/** Anthropic's own API: https://docs.anthropic.com/en/api/messages */
export const anthropic: Provider = {
  kind: 'anthropic',
  protocol: anthropicMessages,
  defaultBaseUrl: 'https://api.anthropic.com',
  path: '/v1/messages',
  quirks: {},
  pricedAs: 'anthropic',
  authorize: (apiKey) => (apiKey === undefined ? {} : { 'x-api-key': apiKey }),
  defaultHeaders: { 'anthropic-version': '2023-06-01' },
  passQuery: ['beta'],
  passHeaders: ['anthropic-version', 'anthropic-beta'],
};
