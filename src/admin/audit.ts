import type { AuditRecord, Store } from '../stores/store.ts';
import { AdminError } from './admin-error.ts';

/** Writes down what was done. Throws AdminError where that cannot be: it was done all the same. */
export async function record({ audit }: Pick<Store, 'audit'>, what: AuditRecord): Promise<void> {
  try {
    await audit.append(what);
  } catch (error) {
    throw new AdminError(
      'store-unavailable',
      `${what.action} was done to ${what.subject}, but could not be written to the audit; look before you do it again.`,
      error,
    );
  }
}
