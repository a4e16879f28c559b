import type { Header, Headers, Proceed } from './message.ts';

/** The provider's headers that a client gets. All others describe our account at the provider, or its own network. */
const passed = new Set([
  ':status',
  'content-type',
  'content-length',
  'content-encoding',
  'retry-after',
  'date',
  'cache-control',
  'transfer-encoding',
]);

/** Names under which providers send their id of a request. */
const providerRequestIds = ['x-request-id', 'request-id'] as const;

/** Headers of a body that we wrote. */
export const bodyHeaders = (body: Buffer): Header[] => [
  ['content-type', 'application/json'],
  ['content-length', String(body.length)],
];

/** Header changes for an answer: ours set, the provider's own removed but for the passed ones. */
export function answerHeaders(fromProvider: Headers, ours: readonly Header[]): Pick<Proceed, 'setHeaders' | 'removeHeaders'> {
  const setHeaders = [...ours];
  const providerId = providerRequestIds.map((name) => fromProvider.get(name)).find((id) => id !== undefined);
  if (providerId !== undefined) setHeaders.push(['x-remora-provider-request-id', providerId]);
  const replaced: string[] = []; // few or none, of many that are ours
  for (const [name] of setHeaders) if (fromProvider.has(name)) replaced.push(name);
  const removeHeaders: string[] = [];
  for (const name of fromProvider.keys()) if (!passed.has(name) && !replaced.includes(name)) removeHeaders.push(name);
  return { setHeaders, removeHeaders };
}
