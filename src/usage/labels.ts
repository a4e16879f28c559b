import type { Warning } from '../llm/request.ts';

/** What a caller says of a request for telling costs apart, and what of it could not be taken. */
export interface CallerLabels {
  /** At most `maxLabels`. */
  labels: Readonly<Record<string, string>>;
  /** One for each header that was dropped. */
  warnings: readonly Warning[];
}

const maxLabels = 8;

/** What headers of labels begin with, before the label's name. */
export const labelHeaderPrefix = 'x-remora-label-';
const longestField = labelHeaderPrefix.length + 32;
const namePattern = /^[a-z0-9_-]{1,32}$/;
/** Code points that can be shown; nothing that breaks lines or is invisible. */
const valuePattern = /^[^\p{C}]{1,64}$/u;

/**
 * The caller's labels: `x-remora-label-NAME: value` headers (by lower-case name), then those that the protocol's metadata has.
 * A header that is no label is dropped with a warning; metadata in silence, since it may be there for somebody else.
 */
export function labelsOf(headers: ReadonlyMap<string, string>, metadata: Readonly<Record<string, string>> = {}): CallerLabels {
  const labels = new Map<string, string>();
  const warnings: Warning[] = [];
  for (const [header, value] of headers) {
    if (!header.startsWith(labelHeaderPrefix)) continue;
    const problem = addLabel(labels, header.slice(labelHeaderPrefix.length), value.trim());
    if (problem !== undefined) warnings.push({ field: header.slice(0, longestField), detail: `is dropped: ${problem}` });
  }
  for (const name of Object.keys(metadata)) {
    const value = metadata[name];
    if (value !== undefined && !labels.has(name)) addLabel(labels, name, value.trim());
  }
  return labels.size === 0 && warnings.length === 0 ? none : { labels: Object.fromEntries(labels), warnings };
}

const none: CallerLabels = Object.freeze({ labels: Object.freeze({}), warnings: Object.freeze([]) });

/** Takes a label, or says why not. */
function addLabel(labels: Map<string, string>, name: string, value: string): string | undefined {
  if (!namePattern.test(name)) return 'names have 1 to 32 of a-z 0-9 _ -';
  if (!valuePattern.test(value)) return 'values have 1 to 64 characters that can be printed';
  if (labels.size >= maxLabels && !labels.has(name)) return `a request has ${maxLabels} labels at most`;
  labels.set(name, value);
  return undefined;
}

export interface LabelBoundOptions {
  /** Distinct values for each tenant and name; further ones become `other`. */
  maxValues: number;
  /** Distinct names for each tenant; labels of further ones are dropped. */
  maxNames?: number;
  /** Values of all tenants together; further ones become `other`. */
  maxTotal?: number;
}

/** What stands for values beyond a bound. */
const otherValue = 'other';

/** Keeps the number of distinct labels bounded for the process's life, so that whoever groups by them gets a table that can be read. */
export function createLabelBound({
  maxValues,
  maxNames = 16,
  maxTotal = 250_000,
}: LabelBoundOptions): (tenant: string, labels: Readonly<Record<string, string>>) => Readonly<Record<string, string>> {
  const known = new Map<string, Map<string, Set<string>>>();
  let total = 0;

  function bounded(values: Set<string>, value: string): string {
    if (values.has(value)) return value;
    if (values.size >= maxValues || total >= maxTotal) return otherValue;
    values.add(value);
    total += 1;
    return value;
  }

  return (tenant, labels) => {
    const names = Object.keys(labels);
    if (names.length === 0) return labels;
    const ofTenant = at(known, tenant, () => new Map<string, Set<string>>());
    return Object.fromEntries(
      names.flatMap((name) => {
        if (!ofTenant.has(name) && ofTenant.size >= maxNames) return [];
        const values = at(ofTenant, name, () => new Set<string>());
        return [[name, bounded(values, labels[name] ?? '')]];
      }),
    );
  };
}

function at<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const existing = map.get(key);
  if (existing !== undefined) return existing;
  const made = make();
  map.set(key, made);
  return made;
}
