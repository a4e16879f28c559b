import { expect, test } from 'vitest';
import { jsonArrayStream } from '../../framing/json-array-stream.ts';
import { sse } from '../../framing/sse.ts';
import { geminiGenerate } from './index.ts';
import { resourceName } from './request-paths.ts';

const match = (path: string, query = '') => geminiGenerate.matchPath(path, new URLSearchParams(query));

test.each([
  ['/v1beta/models/fast:generateContent', 'fast'],
  ['/v1/models/fast:generateContent', 'fast'],
  ['/v1alpha/models/fast:generateContent', 'fast'],
  ['/v1beta/models/team%2Ffast:generateContent', 'team/fast'],
  ['/v1beta/models/openai/gpt-5:generateContent', 'openai/gpt-5'],
  ['/v1beta/models/qwen3:8b:generateContent', 'qwen3:8b'],
  ['/v1beta/tunedModels/mine:generateContent', 'tunedModels/mine'],
  ['/v1/projects/p/locations/global/publishers/google/models/fast:generateContent', 'fast'],
  ['/v1beta1/projects/p/locations/europe-west4/publishers/google/models/fast:generateContent', 'fast'],
  ['/v1beta1/projects/p/locations/global/publishers/anthropic/models/claude:generateContent', 'anthropic/claude'],
  ['/v1beta1/publishers/google/models/fast:generateContent', 'fast'],
  ['/v1beta1/projects/p/locations/global/endpoints/12:generateContent', 'endpoints/12'],
])('%s asks for %s', (path, model) => {
  expect(match(path)).toEqual({ model, stream: false });
});

test.each([
  ['alt=sse', sse],
  ['alt=json', jsonArrayStream],
  ['', jsonArrayStream],
])('a stream asked for with "%s" is framed so', (query, framing) => {
  expect(match('/v1beta/models/fast:streamGenerateContent', query)).toEqual({ model: 'fast', stream: true, framing });
});

test.each([
  '/v1beta/models/fast',
  '/v1beta/models/:generateContent',
  '/v1beta/models/fast:countTokens',
  '/v2/models/fast:generateContent',
  '/v1/models',
  '/x/v1beta/models/fast:generateContent',
])('%s is another protocol’s', (path) => {
  expect(match(path)).toBeUndefined();
});

test('models have a collection before their name, unless they bring one', () => {
  expect(['gemini-2.5-flash', 'models/a', 'tunedModels/b'].map(resourceName)).toEqual(['models/gemini-2.5-flash', 'models/a', 'tunedModels/b']);
});
