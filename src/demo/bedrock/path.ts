import type { Address } from '../vendor.ts';

/** What `/model/{modelId}/{operation}` names, for these operations and whether they stream. The id is URL-encoded, since it may be an ARN. */
export function toAddress(path: string, streams: Readonly<Record<string, boolean>>): (Address & { model: string }) | undefined {
  const [, encoded, operation] = /^\/model\/([^/]+)\/([a-z-]+)$/.exec(path) ?? [];
  if (encoded === undefined || operation === undefined || !Object.hasOwn(streams, operation)) return undefined;
  try {
    return { model: decodeURIComponent(encoded), stream: streams[operation] === true };
  } catch {
    return undefined;
  }
}
