import { nearName } from '../config/near-name.ts';
import type { Snapshot } from '../config/snapshot.ts';
import type { VirtualKey } from '../identity/virtual-key.ts';
import { AdminError } from './admin-error.ts';

/** A key may only narrow what its tenant may, and what it names must be there. Throws AdminError. */
export function checkNarrows(
  { tenant: name, models, limits, budgets }: Pick<VirtualKey, 'tenant' | 'models' | 'limits' | 'budgets'>,
  { tenants, models: known, endpoints }: Pick<Snapshot, 'tenants' | 'models' | 'endpoints'>,
): void {
  const tenant = tenants.get(name);
  if (tenant === undefined) throw missing('tenant', name, tenants.keys());
  for (const model of models ?? []) {
    if (!known.has(model)) throw missing('model', model, known.keys());
    if (tenant.models?.has(model) === false) {
      throw new AdminError('invalid-request', `The tenant ${name} may not use the model ${model}; a key can only narrow what its tenant may.`);
    }
  }
  for (const { model, provider } of [...limits, ...budgets]) {
    if (model !== undefined && !known.has(model)) throw missing('model', model, known.keys());
    if (provider !== undefined && !endpoints.has(provider)) throw missing('provider', provider, endpoints.keys());
  }
  for (const { does } of budgets.flatMap(({ ladder }) => ladder)) {
    if (does.type === 'use' && !known.has(does.model)) throw missing('model', does.model, known.keys());
  }
}

function missing(what: string, name: string, known: Iterable<string>): AdminError {
  const near = nearName(name, known);
  return new AdminError(
    'invalid-request',
    `The config has no ${what} "${name.slice(0, 100)}"${near === undefined ? '.' : `; did you mean "${near}"?`}`,
  );
}
