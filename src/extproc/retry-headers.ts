import { headerNames, retryHeader, type FilterForm } from '../envoy/names.ts';
import type { Model } from '../routing/deployment.ts';
import { oncePer } from '../routing/once-per.ts';
import type { Header } from './message.ts';

/** What decides about the attempts of an exchange. */
export interface RetryOptions {
  form: FilterForm;
  /** Most attempts that there may be. */
  attempts: number;
  fallbackOn: Model['fallbackOn'];
  /** Longest wait for the headers of each attempt's answer, in milliseconds; in the form `guard` for its first content. */
  headersMs: number;
  /** Longest time for the whole answer; undefined for no limit. */
  totalMs: number | undefined;
}

/**
 * Headers that tell Envoy's router which answers another attempt follows, and how long it waits. In the forms `watch` and `guard` we decide, by a response header; else the statuses do.
 * Connections that fail or break and silence are followed by one in any case. The wait for one attempt is shorter than that for all, so that Envoy blames the attempt.
 */
export function retryHeaders({ form, attempts, fallbackOn, headersMs, totalMs }: RetryOptions): Header[] {
  const perTryMs = totalMs === undefined ? headersMs : Math.max(1, Math.min(headersMs, totalMs - Math.max(25, Math.ceil(totalMs / 50))));
  return [
    [headerNames.maxRetries, String(attempts - 1)],
    [headerNames.perTryTimeoutMs, String(perTryMs)],
    ...(totalMs === undefined ? [] : [[headerNames.totalTimeoutMs, String(totalMs)] as const]),
    ...(form === 'plain' ? byStatus(fallbackOn) : byHeader),
  ];
}

const byStatus = oncePer((fallbackOn: Model['fallbackOn']): Header[] => {
  const statuses = fallbackOn.filter((status) => status !== '5xx');
  const kinds = [...(fallbackOn.includes('5xx') ? ['5xx'] : []), ...(statuses.length > 0 ? ['retriable-status-codes'] : [])];
  return [
    ...(kinds.length > 0 ? [[headerNames.retryOn, kinds.join(',')] as const] : []),
    ...(statuses.length > 0 ? [[headerNames.retriableStatuses, statuses.join(',')] as const] : []),
  ];
});

const byHeader: Header[] = [
  [headerNames.retryOn, 'retriable-headers'],
  [headerNames.retriableHeaders, retryHeader],
];
