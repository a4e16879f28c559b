import { createGeminiEndpoint, toAddress } from './gemini/endpoint.ts';
import { geminiRefusal, refusalWithReason } from './gemini/error.ts';
import { createBatchEmbedContents, createCountTokens, createEmbedContent, createModels } from './gemini/plain.ts';
import { startFake } from './server.ts';
import type { FakeOptions, FakeProvider } from './server.ts';
import type { Call, PlainEndpoint, Refusal } from './vendor.ts';

/** The fake Gemini API, as https://ai.google.dev/api has it. */
export const startFakeGemini = (options: FakeOptions = {}): Promise<FakeProvider> =>
  startFake(
    { vendors: [generateContent], plain: [countTokens, embedContent, batchEmbedContents, models], basePath: '' },
    'AIza-demo-gemini',
    options,
  );

/** The model and the method that a path names: `/v1beta/models/{model}:{method}`. */
function parsePath(path: string): { model: string; method: string } | undefined {
  const [, model, method] = /^\/v1(?:beta)?\/models\/([^/:]+):(\w+)$/.exec(path) ?? [];
  return model === undefined || method === undefined ? undefined : { model: decodeURIComponent(model), method };
}

const generateContent = createGeminiEndpoint('Gemini', {
  match(path, query) {
    const { model = '', method } = parsePath(path) ?? {};
    return method === 'generateContent' || method === 'streamGenerateContent' ? toAddress(model, method, query) : undefined;
  },
  checkCall: checkKey,
});

/** Finds a method that is posted to a model. */
function posted(name: string): PlainEndpoint['match'] {
  return (method, path) => {
    const named = parsePath(path);
    return method === 'POST' && named?.method === name ? { model: named.model } : undefined;
  };
}

const countTokens = createCountTokens('Gemini', posted('countTokens'));
const embedContent = createEmbedContent(posted('embedContent'));
const batchEmbedContents = createBatchEmbedContents(posted('batchEmbedContents'));

const models = createModels((method, path, query) => {
  const found = /^\/v1(?:beta)?\/models(?:\/([^/:]+))?$/.exec(path);
  if (method !== 'GET' || !found) return undefined;
  const [, model] = found;
  if (model !== undefined) return { model: decodeURIComponent(model) };
  return { pageSize: query.get('pageSize') ?? undefined, pageToken: query.get('pageToken') ?? undefined };
});

/** The key goes into `x-goog-api-key` or the query's `key`. One that is wrong is an invalid argument, one that is missing a lack of permission. */
function checkKey({ url, headers }: Call, apiKey: string): Refusal | undefined {
  const query = new URLSearchParams(url.split('?', 2)[1]);
  const key = headers['x-goog-api-key'] ?? query.get('key');
  if (key === null) {
    if (headers.authorization !== undefined)
      return refusalWithReason(401, 'ACCESS_TOKEN_TYPE_UNSUPPORTED', service, 'The credentials are no OAuth 2 access token.');
    return {
      ...geminiRefusal(403),
      message: 'Callers without an API key are not let in: it goes into the header x-goog-api-key, or into the query as key.',
    };
  }
  return key === apiKey ? undefined : refusalWithReason(400, 'API_KEY_INVALID', service, 'API key not valid. Please pass a valid API key.');
}

const service = 'generativelanguage.googleapis.com';
