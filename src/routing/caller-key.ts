import type { Stickiness } from './deployment.ts';
import { hashText } from './rendezvous.ts';

/** Who sends a request, as far as stickiness and experiments go. */
export interface Caller {
  /** Name of the tenant. */
  tenant: string;
  /** The client's id of its end user; undefined where it gives none. */
  user: string | undefined;
  /** The same for all requests of one conversation. */
  conversation: string;
}

/**
 * A number that is the same for all requests that shall go the same way. A client picks its users' and conversations' ids as it likes:
 * the tenant is always part of it, so that they never meet those of another tenant. A request without a user goes by its conversation.
 */
export function callerKey(by: Stickiness, { tenant, user, conversation }: Caller): number {
  const key = hashText(tenant);
  if (by === 'tenant') return key;
  if (by === 'user' && user !== undefined) return hashText(`user ${user}`, key);
  return hashText(`conversation ${conversation}`, key);
}
