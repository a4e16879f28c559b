import { GatewayError } from '../errors.ts';
import type { ClientRequest } from '../protocols/client-request.ts';
import type { Skipped, SkipKind } from './candidate.ts';

/** Why no deployment of a model can be tried, as the client is told: what passes by itself first, then what another request mends, then what only the platform team does. */
export function noDeployment(request: ClientRequest, skipped: readonly Skipped[], now: number): GatewayError {
  const of = (...kinds: readonly SkipKind[]): readonly Skipped[] => skipped.filter(({ kind }) => kinds.includes(kind));
  const resting = of('resting');
  if (resting.length > 0) return allRest(resting, now);
  const [tooLong] = of('context-length');
  if (tooLong !== undefined)
    return new GatewayError('not-capable', `The request is too long for every deployment of this model: ${tooLong.detail}. Send less.`);
  const [unable] = of('capability');
  if (unable !== undefined)
    return new GatewayError(
      'not-capable',
      `No deployment of this model can serve the request: ${unable.detail}. Leave that out, or ask for another model.`,
    );
  if (of('kept-elsewhere').length > 0) {
    return new GatewayError(
      'stored-not-found',
      'What this request refers to is kept by a provider that this model does not lead to. Ask for the model that made it.',
    );
  }
  if (of('operation').length > 0) {
    return new GatewayError('not-carried', `No deployment of this model has an endpoint for ${request.protocol.name}. Ask for another model.`, {
      field: 'model',
    });
  }
  const [kept] = of('residency');
  if (kept !== undefined) {
    return new GatewayError(
      'not-permitted',
      `No deployment of this model may be sent the request: ${kept.detail}. Ask for another model, or the platform team for one that may.`,
      {
        field: 'model',
      },
    );
  }
  const [cut] = of('cut');
  const why = cut === undefined ? 'the models that it leads to are not on your list' : `the rule "${cut.detail}" leaves none`;
  return new GatewayError('not-permitted', `No deployment of this model may be tried: ${why}. Ask for another model.`, { field: 'model' });
}

/** What clients see who come while every deployment rests. The wait is never longer than a minute: any of them may be back before. */
function allRest(resting: readonly Skipped[], now: number): GatewayError {
  const soonest = Math.min(...resting.map(({ untilMs }) => untilMs ?? now));
  const retryAfterSeconds = Math.min(60, Math.max(1, Math.ceil((soonest - now) / 1000)));
  const reasons = [...new Set(resting.map(({ detail }) => detail))].join(', ');
  return new GatewayError('deployments-resting', `Every deployment of this model is resting (${reasons}). Try again in ${retryAfterSeconds} s.`, {
    retryAfterSeconds,
  });
}
