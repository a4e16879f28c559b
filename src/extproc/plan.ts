import type { FilterForm } from '../envoy/names.ts';
import { ownKeyFor, servesOwnKey, type OwnKey } from '../identity/own-key.ts';
import type { Warning } from '../llm/request.ts';
import type { PipelineRun } from '../policies/pipeline.ts';
import type { Identity } from '../policies/tenant.ts';
import type { RequestFacts } from '../protocols/protocol.ts';
import type { Seal } from '../protocols/seal.ts';
import { maxChainLength } from '../routing/chain.ts';
import { errorClasses, type Deployment, type Model } from '../routing/deployment.ts';
import type { Decision } from '../routing/decide.ts';
import type { Attempt } from '../routing/prepare-attempt.ts';
import type { Attempts } from './attempts.ts';
import type { ReceivedRequest } from './receive-request.ts';
import { formOf, waitsOf, type Waits } from './waits.ts';

/** What was decided about a request, without its bytes: an answer may take minutes, and needs none of them. */
export interface Plan {
  facts: RequestFacts;
  chain: readonly Deployment[];
  /** Most attempts that there may be: more than the chain has where a kind of failure has a chain of its own. */
  maxAttempts: number;
  /** What Envoy shows us of the attempts. */
  form: FilterForm;
  waits: Waits;
  /** Statuses after which the next attempt is made. */
  fallbackOn: Model['fallbackOn'];
  attempts: Attempts;
  /** How the provider is spoken to, by attempt. */
  spoken: Pick<Attempt, 'api' | 'answersByTool'>[];
  /** What the last attempt could not carry. */
  warnings: readonly Warning[];
  /** For what the answer gives the client to send back. */
  seal: Seal;
  /** The caller's own key for the provider, in the place of our credential; undefined for ours. */
  ownKey: OwnKey | undefined;
  /** Ids of objects at the provider that the request names, and what the client calls each. */
  storedIds: ReadonlyMap<string, string>;
}

/** What a plan is made with. */
export interface PlanParts {
  pipeline: PipelineRun;
  identity: Pick<Identity, 'ownCredential'>;
  attempts: Attempts;
  seal: Seal;
}

/** Makes a plan of what was decided about a request, once the policies know its chain. Throws what refuses it. */
export async function planRequest(
  { storedIds }: Pick<ReceivedRequest, 'storedIds'>,
  decision: Decision,
  { pipeline, identity, attempts, seal }: PlanParts,
): Promise<Plan> {
  const { choice } = decision;
  const ownKey = identity.ownCredential === undefined ? undefined : ownKeyFor(decision.chain, identity.ownCredential);
  const chain = ownKey === undefined ? decision.chain : decision.chain.filter((each) => servesOwnKey(each, ownKey));
  const form = formOf(choice.model, chain, decision.request);
  const others = form === 'plain' || ownKey !== undefined ? [] : errorClasses.flatMap(decision.chainFor);
  const seen = pipeline.onChain(decision.request, {
    served: choice.model.name,
    route: decision.rule?.name ?? '',
    chain: others.length > 0 ? [...chain, ...others] : chain,
  });
  decision.request = seen instanceof Promise ? await seen : seen;
  decision.warnings = [...pipeline.warnings(), ...decision.warnings];
  const { facts } = decision.request;
  return {
    facts,
    chain,
    maxAttempts: others.length > 0 ? maxChainLength : chain.length,
    form,
    waits: waitsOf(choice.model, facts),
    fallbackOn: choice.model.fallbackOn,
    attempts,
    spoken: [],
    warnings: [],
    ownKey,
    seal,
    storedIds,
  };
}
