import type { ClientRequest } from '../../protocols/client-request.ts';
import type { Deployment } from '../../routing/deployment.ts';
import { chargesOf, countedAt, type Counted, type Payers, type Use } from '../charges.ts';
import type { Opening } from '../policy.ts';
import { estimate, mostNanos } from './estimate.ts';
import type { BudgetParts } from './index.ts';

/** Who asks, and for what. */
export interface Asking {
  opening: Pick<Opening, 'identity' | 'shared'>;
  /** Undefined where it is not known yet. */
  request: ClientRequest | undefined;
  /** When it began, in milliseconds since 1970. */
  startedAt: number;
}

type LimitParts = Pick<BudgetParts, 'quotas' | 'fairShares' | 'habits' | 'prices' | 'now'>;

/** Whether what counts the calls of a deployment's provider alone has enough left for a request, as far as is known here: then another deployment need not be found. */
export function hasLeft(deployment: Deployment, { opening, request, startedAt }: Asking, parts: LimitParts): boolean {
  const { identity, shared } = opening;
  const payers: Payers = { terms: identity.terms, shared };
  const counted = countedAt(payers, deployment.endpoint.name);
  if (counted.length === 0) return true;
  const use = request === undefined ? { nanos: 0, tokens: 1 } : useOf(request, deployment, { identity, counted, startedAt }, parts);
  return chargesOf(counted, use, startedAt).every(({ quota, amount }, index) => {
    const standing = parts.quotas.standing(quota);
    if (standing === undefined) return true; // who reserves will ask
    if (standing.left < amount || standing.left === 0) {
      void parts.quotas.know([quota]); // or nobody here would hear what others have given back: none asks for what is passed over
      return false;
    }
    const isShared = counted[index]?.isShared === true;
    return !(isShared && quota.kind !== 'budget' && parts.fairShares.isOver(quota, identity.tenant.name, standing, 'only looks'));
  });
}

/** What a request may use at one deployment. */
function useOf(
  request: ClientRequest,
  deployment: Deployment,
  { identity, counted, startedAt }: { identity: Opening['identity']; counted: readonly Counted[]; startedAt: number },
  { habits, prices }: LimitParts,
): Use {
  if (counted.every(({ meter }) => meter.of === 'requests' || meter.of === 'concurrent')) return { nanos: 0, tokens: 0 };
  const expected = estimate(request, [deployment], identity.tenant.name, habits);
  const countsMoney = identity.ownCredential === undefined && counted.some(({ meter }) => meter.of === 'nanos');
  return {
    nanos: countsMoney ? mostNanos(expected, [deployment], prices, startedAt) : 0,
    tokens: expected.inputTokens + expected.outputTokens,
    likelyTokens: expected.likelyTokens,
  };
}
