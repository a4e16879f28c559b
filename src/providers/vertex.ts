import { anthropicMessages } from '../protocols/anthropic-messages/index.ts';
import { geminiCountTokens } from '../protocols/gemini-count-tokens/index.ts';
import { geminiGenerate } from '../protocols/gemini-generate/index.ts';
import { googleToken } from './auth/google.ts';
import { api, type Api, type Provider } from './provider.ts';

const isClaude = (model: string): boolean => model.startsWith('claude');
const isGemini = (model: string): boolean => !isClaude(model);

/** A method of a publisher's models. Claude's dated names have an at-sign, which stays as it is. */
const at =
  (publisher: string, method: string, streamMethod = method): Api['path'] =>
  ({ model, stream }, { project = '', location = 'global' }) => {
    const name = encodeURIComponent(model).replaceAll('%40', '@');
    return `/v1/projects/${project}/locations/${location}/publishers/${publisher}/models/${name}:${stream ? streamMethod : method}`;
  };

/** Where Google Cloud serves a location; the United States and the European Union as a whole have their own form (https://cloud.google.com/vertex-ai/generative-ai/docs/learn/locations). */
function hostOf(location: string): string {
  if (location === 'global') return 'aiplatform.googleapis.com';
  return location === 'us' || location === 'eu' ? `aiplatform.${location}.rep.googleapis.com` : `${location}-aiplatform.googleapis.com`;
}

/** Google's Vertex AI, with the models of Google and of Anthropic: https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference */
export const vertex: Provider = {
  kind: 'vertex',
  apis: [
    api(geminiGenerate, at('google', 'generateContent', 'streamGenerateContent?alt=sse'), { serves: isGemini }),
    api(anthropicMessages, at('anthropic', 'rawPredict', 'streamRawPredict'), {
      serves: isClaude,
      quirks: { bodyVersion: 'vertex-2023-10-16' },
      passHeaders: ['anthropic-beta'],
    }),
    api(geminiCountTokens, at('google', 'countTokens'), { serves: isGemini, quirks: { flatTokenCount: true } }),
  ],
  defaultBaseUrl: ({ location = 'global' }) => `https://${hostOf(location)}`,
  settings: { required: ['project'], optional: ['location'] },
  credentials: [['serviceAccount'], ['accessToken'], []],
  pricedAs: 'google',
  connect: (credential, settings) => googleToken(credential, settings),
};
