import type { Snapshot } from '../config/snapshot.ts';
import type { MirrorJob } from '../mirror/mirror-job.ts';
import { shouldMirror } from '../mirror/should-mirror.ts';
import type { Seal } from '../protocols/seal.ts';
import type { Decision } from '../routing/decide.ts';
import { clientCall } from './client-call.ts';
import type { ExchangeState } from './state.ts';

/** What a copy is made with. `random` yields numbers from 0 up to 1. */
export interface CopyParts {
  snapshot: Snapshot;
  seal: Seal;
  random: () => number;
}

/** The copy of a request that its model wants made, for its share of them. It goes only where the request itself might: where that is nowhere, there is no copy. */
export function copyOf({ request, choice, aside }: Decision, { snapshot, seal, random }: CopyParts, state: ExchangeState): MirrorJob | undefined {
  const { mirror } = choice.model;
  if (!shouldMirror(mirror, request, random)) return undefined;
  const model = snapshot.models.get(mirror.model);
  const payer = snapshot.tenants.get(mirror.tenant);
  const deployment = model && aside(model);
  return deployment && payer && { request, deployment, model: mirror.model, payer, seal, call: clientCall(state), exchange: state.id };
}
