import { catalog, type GatewayError } from '../errors.ts';
import { AnswerFailure } from '../protocols/failure.ts';
import type { Logger } from '../telemetry/log.ts';

/** Logs what clients got an error for and operators can mend. What a provider said in an answer stays out: it may quote the prompt. */
export function logError(log: Pick<Logger, 'error' | 'warn'>, error: GatewayError): void {
  const { code, cause, message, status } = error;
  if (code === 'internal') log.error({ err: cause }, 'the gateway failed on a request');
  else if (cause instanceof AnswerFailure) log.warn({ code }, catalog[code].meaning);
  else if (status >= 500) log.warn({ code, err: cause }, message);
}
