import { unknownName } from './check-names.ts';
import type { Finding } from './problem.ts';

/** Entries of `prices` whose provider is none of the config's. */
export function checkPrices(names: Iterable<string>, providerNames: ReadonlySet<string>): Finding[] {
  return [...names].flatMap((name) => {
    const provider = name.slice(0, Math.max(0, name.indexOf('/')));
    if (provider === '' || providerNames.has(provider)) return []; // without a provider its schema has refused it
    return [{ path: ['prices', name], message: unknownName('provider', provider, providerNames), at: 'key' }];
  });
}
