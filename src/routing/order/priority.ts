import type { OrderBy } from './order-view.ts';

/** As the config lists them: the next one only where the one before it fails. */
export const priority: OrderBy = (targets) => [...targets];
