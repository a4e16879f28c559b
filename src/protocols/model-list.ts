import type { Protocol } from './protocol.ts';
import { decoded } from './client-path.ts';

/** A request for the names that a client may ask for. */
export interface ModelListCall {
  shape: ModelListShape;
  /** The one model that is asked for; undefined for all. */
  name: string | undefined;
}

type ModelListShape = 'openai' | 'anthropic' | 'gemini';

const places: readonly (readonly [path: string, shape: ModelListShape])[] = [
  ['/v1/models', 'openai'],
  ['/openai/v1/models', 'openai'],
  ['/openai/models', 'openai'],
  ['/v1beta/models', 'gemini'],
];

/** Whether a path of a GET asks for models, and in which vendor's shape. */
export function matchModelList(path: string, headers: ReadonlyMap<string, string>): ModelListCall | undefined {
  for (const [base, shape] of places) {
    const isAll = path === base;
    if (!isAll && !path.startsWith(`${base}/`)) continue;
    const name = isAll ? undefined : decoded(path.slice(base.length + 1));
    return { shape: base === '/v1/models' ? shapeFor(headers) : shape, name };
  }
  return undefined;
}

/** Three vendors share a path: Anthropic's SDKs name their API version there, and Google's bring the key in a header of their own. */
function shapeFor(headers: ReadonlyMap<string, string>): ModelListShape {
  if (headers.has('anthropic-version')) return 'anthropic';
  return headers.has('x-goog-api-key') ? 'gemini' : 'openai';
}

/** The answer with these names; `createdAt` in seconds since 1970, for vendors who say when a model came. */
export function encodeModelList({ shape, name }: ModelListCall, names: readonly string[], createdAt: number): string {
  const write = writers[shape];
  return JSON.stringify(name === undefined ? write.all(names, createdAt) : write.one(name, createdAt));
}

interface Writer {
  one(name: string, createdAt: number): object;
  all(names: readonly string[], createdAt: number): object;
}

/** Sources: the types of `openai` (resources/models), `@anthropic-ai/sdk` (resources/models) and https://ai.google.dev/api/models. */
const writers: Record<ModelListShape, Writer> = {
  openai: {
    one: (id, created) => ({ id, object: 'model', created, owned_by: 'remora' }),
    all: (names, created) => ({ object: 'list', data: names.map((name) => writers.openai.one(name, created)) }),
  },
  anthropic: {
    one: (id, createdAt) => ({ type: 'model', id, display_name: id, created_at: new Date(createdAt * 1000).toISOString() }),
    all: (names, createdAt) => ({
      data: names.map((name) => writers.anthropic.one(name, createdAt)),
      has_more: false,
      first_id: names[0] ?? null,
      last_id: names.at(-1) ?? null,
    }),
  },
  gemini: {
    one: (name) => ({
      name: `models/${name}`,
      displayName: name,
      supportedGenerationMethods: ['generateContent', 'streamGenerateContent', 'countTokens'],
    }),
    all: (names, createdAt) => ({ models: names.map((name) => writers.gemini.one(name, createdAt)) }),
  },
};

/** The protocol in whose shape errors of such a request are written. */
export function protocolOfList({ shape }: ModelListCall, protocols: readonly [Protocol, ...Protocol[]]): Protocol {
  const name = { openai: 'openai-chat', anthropic: 'anthropic-messages', gemini: 'gemini-generate' }[shape];
  return protocols.find((protocol) => protocol.name === name) ?? protocols[0];
}
