import { geminiCountTokens } from '../protocols/gemini-count-tokens/index.ts';
import { geminiEmbed } from '../protocols/gemini-embed/index.ts';
import { geminiGenerate } from '../protocols/gemini-generate/index.ts';
import type { Protocol } from '../protocols/protocol.ts';
import { keyHeader, type Api, type Provider } from './provider.ts';

/** Google's Gemini API: https://ai.google.dev/api */
export const gemini: Provider = {
  kind: 'gemini',
  apis: [
    api(geminiGenerate, (stream) => (stream ? ':streamGenerateContent?alt=sse' : ':generateContent')),
    api(geminiEmbed, () => ':batchEmbedContents'),
    api(geminiCountTokens, () => ':countTokens'),
  ],
  defaultBaseUrl: () => 'https://generativelanguage.googleapis.com',
  settings: { required: [], optional: [] },
  credentials: [['apiKey']],
  pricedAs: 'google',
  connect: keyHeader('x-goog-api-key'),
};

function api(protocol: Protocol, method: (stream: boolean) => string): Api {
  return {
    protocol,
    path: ({ model, stream }) => `/v1beta/models/${encodeURIComponent(model)}${method(stream)}`,
    quirks: {},
    defaultHeaders: {},
    passQuery: [],
    passHeaders: [],
  };
}
