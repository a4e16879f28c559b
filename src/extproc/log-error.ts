import { catalog, type GatewayError } from '../errors.ts';
import { AnswerFailure } from '../protocols/failure.ts';
import type { Logger } from '../telemetry/log.ts';

/** Told by metrics, and where it begins and ends by lines of its own: a line per request would flood the log when there is least need of it. */
const isPassing = (code: GatewayError['code']): boolean => code === 'deployments-resting' || code === 'overloaded';

/** Logs what clients got an error for and operators can mend. What a provider said in an answer stays out: it may quote the prompt. */
export function logError(log: Pick<Logger, 'error' | 'warn'>, error: GatewayError): void {
  const { code, cause, message, status } = error;
  if (code === 'internal') log.error({ err: cause }, 'the gateway failed on a request');
  else if (cause instanceof AnswerFailure) log.warn({ code }, catalog[code].meaning);
  else if (status >= 500 && !isPassing(code)) log.warn({ code, err: cause }, message);
}
