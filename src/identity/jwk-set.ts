/** Public keys as issuers publish them: https://www.rfc-editor.org/rfc/rfc7517#section-5 */
export interface JwkSet {
  keys: readonly Readonly<Record<string, unknown>>[];
}

/** A JWK set from its text; undefined where that is none. Each key is looked at when a token asks for it. */
export function readJwkSet(text: string): JwkSet | undefined {
  try {
    const set: unknown = JSON.parse(text);
    const list = isObject(set) ? set['keys'] : undefined;
    if (!Array.isArray(list)) return undefined;
    const keys = list.filter(isObject);
    return keys.length === list.length ? { keys } : undefined;
  } catch {
    return undefined; // no JSON
  }
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
