import type { Identity } from '@smithy/types';

/**
 * Has a platform's library get a credential. What goes wrong comes as an error of our own with nothing but its message:
 * the libraries' errors hold the request, secrets and all, and errors are logged.
 */
export async function obtain<T>(what: string, secrets: readonly (string | undefined)[], get: () => Promise<T>): Promise<T> {
  let told: string;
  try {
    return await get();
  } catch (error) {
    told = toldOf(error, secrets);
  }
  throw new Error(`${what}: ${told}`);
}

const maxLength = 1000;

/** What an error says, as far as its first empty line: behind that AWS shows what was signed, a session token among it. */
function toldOf(error: unknown, secrets: readonly (string | undefined)[]): string {
  const [told = ''] = String(error instanceof Error ? error.message : error).split(/\r?\n\r?\n/, 1);
  const known = secrets.filter((secret) => secret !== undefined && secret !== '');
  return known.reduce<string>((text, secret) => text.replaceAll(secret ?? '', '[secret]'), told).slice(0, maxLength);
}

/** Gets something temporary once however many calls wait for it, again five minutes before it expires, and after a failure with the next call. */
export async function remembered<T extends Identity>(get: () => Promise<T>): Promise<() => Promise<T>> {
  const { memoizeIdentityProvider, isIdentityExpired, doesIdentityRequireRefresh } = await import('@smithy/core');
  return memoizeIdentityProvider(get, isIdentityExpired, doesIdentityRequireRefresh) ?? get;
}
