import { geminiCountTokens } from '../protocols/gemini-count-tokens/index.ts';
import { geminiEmbed, geminiEmbedContent } from '../protocols/gemini-embed/index.ts';
import { geminiGenerate } from '../protocols/gemini-generate/index.ts';
import { api, keyHeader, type Api, type Provider } from './provider.ts';

const at =
  (method: string, streamMethod = method): Api['path'] =>
  ({ model, stream }) =>
    `/v1beta/models/${encodeURIComponent(model)}:${stream ? streamMethod : method}`;

/** Google's Gemini API: https://ai.google.dev/api */
export const gemini: Provider = {
  kind: 'gemini',
  apis: [
    api(geminiGenerate, at('generateContent', 'streamGenerateContent?alt=sse')),
    api(geminiEmbed, at('batchEmbedContents')),
    api(geminiEmbedContent, at('embedContent')),
    api(geminiCountTokens, at('countTokens')),
  ],
  defaultBaseUrl: () => 'https://generativelanguage.googleapis.com',
  settings: { required: [], optional: [] },
  credentials: [['apiKey']],
  pricedAs: 'google',
  connect: keyHeader('x-goog-api-key'),
};
