import type { LedgerEntry } from '../stores/entry.ts';

/** Something that usage is told apart by: one of `dimensionNames`, `label:NAME`, or `experiment:NAME` (its variant). */
export interface Dimension {
  name: string;
  of: (entry: LedgerEntry) => string;
}

const plain: ReadonlyMap<string, Dimension['of']> = new Map<string, Dimension['of']>([
  ['tenant', ({ tenants }) => tenants.at(-1) ?? ''],
  ['outermost', ({ tenants }) => tenants[0]],
  ['user', ({ user }) => user],
  ['key', ({ key }) => key],
  ['model', ({ model }) => model],
  ['served', ({ served }) => served],
  ['provider', ({ provider }) => provider],
  ['deployment', ({ deployment }) => deployment],
  ['providerModel', ({ providerModel }) => providerModel],
  ['protocol', ({ protocol }) => protocol],
  ['route', ({ route }) => route],
  ['experiment', ({ experiments }) => experiments.join(' ')],
  ['step', ({ step }) => step],
  ['kind', ({ kind }) => kind],
  ['cache', ({ cache }) => cache],
  ['end', ({ end }) => end],
  ['status', ({ status }) => String(status)],
  ['reason', ({ reason }) => reason],
  ['serviceTier', ({ usage }) => usage.serviceTier],
  ['priceVersion', ({ priceVersion }) => priceVersion],
]);

/** The dimensions whose names stand for themselves. */
export const dimensionNames: readonly string[] = [...plain.keys()];

/** The dimension of a name; undefined where there is none. `label.team` is `label:team`, for where a colon is awkward. */
export function dimensionOf(text: string): Dimension | undefined {
  const of = plain.get(text);
  if (of !== undefined) return { name: text, of };
  const [, kind, name] = /^(label|experiment)[:.](.{1,64})$/.exec(text) ?? [];
  if (name === undefined) return undefined;
  return kind === 'label' ? { name: `label:${name}`, of: labelOf(name) } : { name: `experiment:${name}`, of: variantOf(name) };
}

const labelOf =
  (name: string): Dimension['of'] =>
  ({ labels }) =>
    Object.hasOwn(labels, name) ? (labels[name] ?? '') : '';

const variantOf = (name: string): Dimension['of'] => {
  const prefix = `${name}:`;
  return ({ experiments }) => experiments.find((each) => each.startsWith(prefix))?.slice(prefix.length) ?? '';
};
