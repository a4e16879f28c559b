import type { Stickiness } from './deployment.ts';
import type { RequestFeatures } from './features.ts';
import { hashText } from './rendezvous.ts';

/**
 * A number that is the same for all requests that shall go the same way. A client picks its users' and conversations' ids as it likes:
 * the tenant's name is always part of it, so that they never meet those of another tenant. A request without a user goes by its conversation.
 */
export function callerKey(by: Stickiness, tenant: string, features: Pick<RequestFeatures, 'user' | 'conversation'>): number {
  const key = hashText(tenant);
  if (by === 'tenant') return key;
  const user = by === 'user' ? features.user : undefined;
  return hashText(user === undefined ? `conversation ${features.conversation}` : `user ${user}`, key);
}
