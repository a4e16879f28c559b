import type { Model } from 'openai/resources/models';
import type { PlainEndpoint } from '../vendor.ts';
import { idIn } from './files.ts';
import { unknownModel } from './models.ts';

const toModel = (id: string): Model => ({ id, object: 'model', created: 1_700_000_000, owned_by: 'openai' });

/** Models as https://platform.openai.com/docs/api-reference/models has them. */
export const modelEndpoints: readonly PlainEndpoint[] = [
  {
    name: 'list models',
    match: (method, path) => (method === 'GET' && path === '/v1/models' ? {} : undefined),
    answer: (_call, models) => ({ json: { object: 'list', data: Array.from(models, toModel) } }),
  },
  {
    name: 'look at a model',
    match: (method, path) => (method === 'GET' ? idIn(path, /^\/v1\/models\/([^/]+)$/) : undefined),
    answer({ address }, models) {
      const id = String(address['id']);
      return models.has(id) ? { json: toModel(id) } : { refusal: unknownModel(id) };
    },
  },
];
