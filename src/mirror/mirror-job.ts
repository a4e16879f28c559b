import type { Tenant } from '../policies/tenant.ts';
import type { ClientRequest } from '../protocols/client-request.ts';
import type { Seal } from '../protocols/seal.ts';
import type { Deployment } from '../routing/deployment.ts';
import type { ClientCall } from '../routing/prepare-attempt.ts';

/** A request to copy, and where to. */
export interface MirrorJob {
  /** As policies left it: what they redact stays so. */
  request: ClientRequest;
  /** Chosen under the same restrictions as the deployments of the exchange. */
  deployment: Deployment;
  /** Name of the model that gets the copy. */
  model: string;
  payer: Payer;
  /** Id of the exchange. */
  exchange: string;
  /** Opens state that the request carries: the caller's own. */
  seal: Seal;
  call: ClientCall;
}

/** The tenant that pays for a copy, with what it is held to. */
export type Payer = Pick<Tenant, 'name' | 'chain' | 'terms'>;
