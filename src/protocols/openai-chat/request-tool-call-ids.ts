import { hash } from 'node:crypto';
import type { Quirks } from '../protocol.ts';

type IdFormat = NonNullable<Quirks['toolCallIds']>;

const formats: Readonly<Record<IdFormat, { isTaken: (id: string) => boolean; make: (digest: string) => string }>> = {
  'at-most-40': { isTaken: (id) => id.length <= 40, make: (digest) => `call_${digest.slice(0, 24)}` },
  'nine-alphanumeric': { isTaken: (id) => /^[A-Za-z0-9]{9}$/.test(id), make: (digest) => digest.slice(0, 9) },
};

/** Makes ids of tool calls into such as the server takes: the same for the same, no two alike. `ids` are all of the request's. */
export function toolCallIds(format: IdFormat, ids: readonly string[]): (id: string) => string {
  const { isTaken, make } = formats[format];
  const used = new Set(ids.filter(isTaken));
  const made = new Map<string, string>();
  return (id) => {
    if (isTaken(id)) return id;
    let replacement = made.get(id);
    for (let attempt = 0; replacement === undefined; attempt++) {
      const candidate = make(hash('sha256', attempt === 0 ? id : `${attempt} ${id}`, 'hex'));
      if (!used.has(candidate)) replacement = candidate;
    }
    used.add(replacement);
    made.set(id, replacement);
    return replacement;
  };
}
