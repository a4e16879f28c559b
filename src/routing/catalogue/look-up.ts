import type { Capabilities } from '../capabilities.ts';
import { dimensionsOf } from './embeddings.ts';
import { modelKeys } from './model-key.ts';
import { catalogue } from './models.ts';
import type { CatalogueRow } from './row.ts';

/** Makers whose models others serve too, by their names there. */
const makers: readonly (readonly [model: RegExp, id: string])[] = [
  [/^claude/, 'anthropic'],
  [/^(?:gpt-|chatgpt|o\d)/, 'openai'],
  [/^gemini/, 'google'],
];

/** The maker's own name of a model, where a provider of many makers' puts another name before it. */
const withoutMaker = (key: string): string => key.replace(/^[a-z-]+[./]/, '');

const rowsOf = new Map<string, ReadonlyMap<string, CatalogueRow>>();

/** What the catalogue knows of a model, by the provider's id in the price catalogue. What it has not of a provider's dated or renamed model it has of the plain one, or of its maker's. */
export function lookUp(provider: string, model: string): Partial<Capabilities> {
  const keys = modelKeys(model);
  const plain = keys.map(withoutMaker);
  const maker = makers.find(([name]) => plain.some((key) => name.test(key)))?.[1];
  const found = [...rows(provider, keys), ...(maker === undefined || maker === provider ? [] : rows(maker, plain))];
  const dimensions = dimensionsOf(keys[0] ?? model);
  return Object.assign({}, ...found.toReversed().map(capabilities), dimensions !== undefined && { dimensions }) as Partial<Capabilities>;
}

function rows(provider: string, keys: readonly string[]): CatalogueRow[] {
  let byKey = rowsOf.get(provider);
  if (byKey === undefined) {
    byKey = new Map(catalogue[provider]?.map((row) => [row[0], row]));
    rowsOf.set(provider, byKey);
  }
  return keys.map((key) => byKey.get(key)).filter((row) => row !== undefined);
}

function capabilities([, contextTokens, outputTokens, can, cannot]: CatalogueRow): Partial<Capabilities> {
  const flags = (text: string, value: boolean) => text.split(' ').flatMap((word) => (word === '' ? [] : [[word, value] as const]));
  return {
    ...(contextTokens > 0 && { contextTokens }),
    ...(outputTokens > 0 && { outputTokens }),
    ...(Object.fromEntries([...flags(can, true), ...flags(cannot, false)]) as Partial<Capabilities>), // the words are its fields
  };
}
