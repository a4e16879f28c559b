import { GatewayError } from '../errors.ts';
import { authorizeOwnKey, servesOwnKey } from '../identity/own-key.ts';
import type { Protocol } from '../protocols/protocol.ts';
import { maxChainLength } from '../routing/chain.ts';
import type { Decision } from '../routing/decide.ts';
import { deploymentId, type Deployment, type Endpoint } from '../routing/deployment.ts';
import { prepareAttempt, type Attempt } from '../routing/prepare-attempt.ts';
import { clientCall } from './client-call.ts';
import type { Plan } from './plan.ts';
import type { OpenExchange, WatchedExchange } from './registry.ts';
import type { ExchangeState } from './state.ts';

/** What attempts are written from. */
export interface PlannedParts {
  plan: Plan;
  decision: Decision;
  state: ExchangeState;
}

/** An exchange whose attempts may still be made: writes those of its plan. It holds the request, and is let go of when the answer begins. */
export class PlannedExchange implements OpenExchange {
  readonly protocol: Protocol;
  readonly watch?: WatchedExchange;
  readonly #parts: PlannedParts;

  constructor(parts: PlannedParts) {
    this.#parts = parts;
    this.protocol = parts.state.protocol;
    if (parts.plan.form !== 'plain') this.watch = watched(parts);
  }

  get chain(): readonly Deployment[] {
    return this.#parts.plan.chain;
  }

  async prepare(number: number, parent: string | undefined): Promise<Attempt> {
    const { plan, decision, state } = this.#parts;
    const { ownKey } = plan;
    const deployment = plan.chain[number - 1];
    if (deployment === undefined) throw new GatewayError('gateway-unavailable', `There is no attempt ${number} in this exchange.`);
    const attempt = await prepareAttempt(decision.request, deployment, {
      call: clientCall(state),
      seal: plan.seal,
      ...(ownKey && { authorize: (endpoint: Endpoint) => authorizeOwnKey(endpoint, ownKey) }),
    });
    // What a provider says of a caller's own key says nothing of our account there.
    const isTelling = this.protocol.operation !== 'count-tokens' && ownKey === undefined;
    if (!plan.attempts.begin(number, deployment, plan.facts.stream, isTelling)) return attempt;
    plan.spoken[number - 1] = { api: attempt.api, answersByTool: attempt.answersByTool };
    plan.warnings = [...decision.warnings, ...attempt.warnings];
    state.outcome.warnings = plan.warnings.length;
    state.outcome.deployment = deployment;
    state.outcome.attempts = number;
    state.outcome.requestBytes = attempt.body.length;
    state.trace.attempted(number, deployment, parent);
    return attempt;
  }

  skipFirst(error: GatewayError): boolean {
    const { plan, state } = this.#parts;
    if (plan.chain.length < 2) return false;
    state.onError(error);
    plan.chain = plan.chain.slice(1);
    return true;
  }
}

/** What is asked where attempts are looked at before Envoy decides about them. */
function watched({ plan, decision }: PlannedParts): WatchedExchange {
  return {
    apiOf: (number) => plan.spoken[number - 1]?.api,
    fallbackOn: plan.fallbackOn,
    needsContent: decision.choice.model.commitAtFirstToken,
    reroute(number, failure) {
      const made = plan.chain.slice(0, number);
      const ids = new Set(made.map(deploymentId));
      const { ownKey } = plan;
      const others = decision
        .chainFor(failure)
        .filter((each) => !ids.has(deploymentId(each)) && (ownKey === undefined || servesOwnKey(each, ownKey)));
      if (others.length === 0) return undefined;
      plan.chain = [...made, ...others].slice(0, maxChainLength);
      return plan.chain;
    },
    skipRetries(number) {
      const tried = plan.chain[number - 1];
      plan.chain = plan.chain.filter((each, index) => index < number || each !== tried);
      return plan.chain;
    },
    told: (number, what) => plan.attempts.told(number, what),
  };
}
