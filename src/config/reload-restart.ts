import { isDeepStrictEqual } from 'node:util';
import type { Snapshot } from './snapshot.ts';

/** A field whose value is opened at the start and kept: a listener, a file, a part of Envoy's own config. */
interface OpenedAtStart {
  /** Its name in the config. */
  field: string;
  value(snapshot: Snapshot): unknown;
}

/** What becomes of each part of a config that changes: it is used from the next exchange on, or it needs a restart. */
const parts: Readonly<Record<keyof Snapshot, 'live' | OpenedAtStart>> = {
  listen: { field: 'listen', value: ({ listen }) => listen },
  admin: { field: 'admin.listen', value: ({ admin: { host, port } }) => [host, port] },
  endpoints: 'live',
  models: 'live',
  tenants: 'live',
  keys: 'live',
  identity: 'live',
  shared: 'live',
  alerts: 'live',
  store: { field: 'store', value: ({ store }) => store },
  rules: 'live',
  resilience: { field: 'resilience.share', value: ({ resilience }) => resilience.share },
  passThrough: 'live',
  secrets: { field: 'secrets', value: ({ secrets }) => secrets },
  cors: { field: 'cors', value: ({ cors }) => cors },
  telemetry: { field: 'telemetry', value: ({ telemetry: { otlp, sampling } }) => [otlp?.href, sampling] },
};

/** Names of the fields that differ and that only a restart can change. */
export function fieldsThatNeedARestart(before: Snapshot, after: Snapshot): string[] {
  return Object.values(parts).flatMap((part) => (part === 'live' || isDeepStrictEqual(part.value(before), part.value(after)) ? [] : [part.field]));
}
