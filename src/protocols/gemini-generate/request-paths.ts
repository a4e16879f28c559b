import { jsonArrayStream } from '../../framing/json-array-stream.ts';
import { sse } from '../../framing/sse.ts';
import { decoded } from '../client-path.ts';
import type { PathFacts, Protocol } from '../protocol.ts';

/** Where the Gemini API (https://ai.google.dev/api) and Vertex AI have models; `{model}` may hold slashes. */
const places = [
  '/v1beta/models/{model}',
  '/v1/models/{model}',
  '/v1beta/tunedModels/{model}',
  '/v1/projects/{project}/locations/{location}/publishers/google/models/{model}',
  '/v1beta1/projects/{project}/locations/{location}/publishers/google/models/{model}',
  '/v1beta1/publishers/google/models/{model}',
];

const pattern =
  /^\/(?:v1|v1alpha|v1beta|v1beta1)\/(?:projects\/[^/]+\/locations\/[^/]+\/)?(?:publishers\/([^/]+)\/)?(models|tunedModels|endpoints)\/(.+):([A-Za-z]+)$/;

/** The paths of these methods of a model, at both of Google's APIs. */
export const atMethods = (...methods: string[]): Pick<Protocol, 'clientPaths' | 'matchPath'> => ({
  clientPaths: methods.flatMap((method) => places.map((place) => `${place}:${method}`)),
  matchPath: (path, query) => matchMethod(methods, path, query),
});

function matchMethod(methods: readonly string[], path: string, query: URLSearchParams): PathFacts | undefined {
  const [, publisher = 'google', kind = 'models', name = '', method = ''] = pattern.exec(path) ?? [];
  if (!methods.includes(method)) return undefined;
  const model = modelName(publisher, kind, decoded(name));
  if (!method.startsWith('stream')) return { model, stream: false };
  return { model, stream: true, framing: query.get('alt') === 'sse' ? sse : jsonArrayStream };
}

/** The name that a client asks for: Google's SDK writes `anthropic/claude` as a publisher and its model. */
function modelName(publisher: string, kind: string, name: string): string {
  if (kind !== 'models') return `${kind}/${name}`;
  return publisher === 'google' ? name : `${publisher}/${name}`;
}

/** A model as request messages name it: `models/gemini-2.5-flash`, but `tunedModels/mine`. */
export const resourceName = (model: string): string => (/^(models|tunedModels|projects|publishers)\//.test(model) ? model : `models/${model}`);
