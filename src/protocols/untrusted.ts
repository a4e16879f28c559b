/** What a provider sends, parsed but not yet looked at: servers of one protocol differ too much for one schema, so each value is read with care. */
export interface WireObject {
  readonly [key: string]: unknown;
}

export const isObject = (value: unknown): value is WireObject => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The string, or an empty one for anything else. */
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The values of an array, none for anything else. */
export const itemsOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** The whole number of tokens or the like, 0 for anything else. */
export const countOf = (value: unknown): number => (typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0);
