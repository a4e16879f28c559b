import { GatewayError } from '../errors.ts';
import type { ClientRequest } from '../protocols/client-request.ts';
import { maxChainLength } from '../routing/chain.ts';
import type { Decision } from '../routing/decide.ts';
import { deploymentId } from '../routing/deployment.ts';
import { prepareAttempt, type ClientCall } from '../routing/prepare-attempt.ts';
import type { Plan } from './plan.ts';
import type { OpenExchange } from './registry.ts';
import type { ExchangeState } from './state.ts';

/** What writes the attempts of a plan. */
export function openExchange(plan: Plan, request: ClientRequest, decision: Decision, call: ClientCall, state: ExchangeState): OpenExchange {
  const { choice } = decision;
  return {
    get chain() {
      return plan.chain;
    },
    protocol: state.protocol,
    async prepare(number, parent) {
      const deployment = plan.chain[number - 1];
      if (deployment === undefined) throw new GatewayError('gateway-unavailable', `There is no attempt ${number} in this exchange.`);
      const attempt = await prepareAttempt(request, deployment, { call, seal: plan.seal });
      if (!plan.attempts.begin(number, deployment, plan.facts.stream)) return attempt;
      plan.spoken[number - 1] = { api: attempt.api, answersByTool: attempt.answersByTool };
      plan.warnings = [...decision.warnings, ...attempt.warnings];
      state.outcome.warnings = plan.warnings.length;
      state.outcome.deployment = deployment;
      state.outcome.attempts = number;
      state.outcome.requestBytes = attempt.body.length;
      state.trace.attempted(number, deployment, parent);
      return attempt;
    },
    skipFirst(error) {
      if (plan.chain.length < 2) return false;
      state.onError(error);
      plan.chain = plan.chain.slice(1);
      return true;
    },
    watch: {
      apiOf: (number) => plan.spoken[number - 1]?.api,
      fallbackOn: plan.fallbackOn,
      needsContent: choice.model.commitAtFirstToken,
      reroute(number, failure) {
        const made = plan.chain.slice(0, number);
        const ids = new Set(made.map(deploymentId));
        const others = decision.chainFor(failure).filter((each) => !ids.has(deploymentId(each)));
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
    },
  };
}
