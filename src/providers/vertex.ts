import { anthropicMessages } from '../protocols/anthropic-messages/index.ts';
import { geminiCountTokens } from '../protocols/gemini-count-tokens/index.ts';
import { geminiGenerate } from '../protocols/gemini-generate/index.ts';
import type { Protocol, Quirks } from '../protocols/protocol.ts';
import { googleToken } from './auth/google.ts';
import type { Api, Provider } from './provider.ts';

const isClaude = (model: string): boolean => model.startsWith('claude');
const isGemini = (model: string): boolean => !isClaude(model);

/** Google's Vertex AI, with the models of Google and of Anthropic: https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference */
export const vertex: Provider = {
  kind: 'vertex',
  apis: [
    api(geminiGenerate, 'google', (stream) => (stream ? 'streamGenerateContent?alt=sse' : 'generateContent'), isGemini),
    api(anthropicMessages, 'anthropic', (stream) => (stream ? 'streamRawPredict' : 'rawPredict'), isClaude, { bodyVersion: 'vertex-2023-10-16' }),
    api(geminiCountTokens, 'google', () => 'countTokens', isGemini),
  ],
  defaultBaseUrl: ({ location = 'global' }) =>
    location === 'global' ? 'https://aiplatform.googleapis.com' : `https://${location}-aiplatform.googleapis.com`,
  settings: { required: ['project'], optional: ['location'] },
  credentials: [['serviceAccount'], ['accessToken'], []],
  pricedAs: (model) => (isClaude(model) ? 'anthropic' : 'google'),
  connect: googleToken,
};

function api(protocol: Protocol, publisher: string, method: (stream: boolean) => string, serves: Api['serves'], quirks: Quirks = {}): Api {
  return {
    protocol,
    path: ({ model, stream }, { project = '', location = 'global' }) =>
      `/v1/projects/${project}/locations/${location}/publishers/${publisher}/models/${encodeURIComponent(model)}:${method(stream)}`,
    quirks,
    ...(serves && { serves }),
    defaultHeaders: {},
    passQuery: [],
    passHeaders: [],
  };
}
