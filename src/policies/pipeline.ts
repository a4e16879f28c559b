import type { PartFilter } from '../protocols/rewriter.ts';
import type { Part } from '../llm/part.ts';
import type { ClientRequest } from '../protocols/client-request.ts';
import type { ProtocolName } from '../protocols/protocol.ts';
import type { Deployment } from '../routing/deployment.ts';
import type { FailedAttempt, Guidance, Opening, Outcome, Policy, PolicyRun, Routed } from './policy.ts';
import type { PersonalDataType } from './tenant.ts';

type Header = readonly [name: string, value: string];

/** Times a policy's work on a request under the policy's name. */
export type Stage = <T>(name: string, work: () => T | Promise<T>) => Promise<T>;

/** All policies' parts in one exchange, in their order. */
export interface PipelineRun {
  onCaller(): void | Promise<void>;
  onRequest(request: ClientRequest): Promise<ClientRequest>;
  /** Types of personal data that policies found in the request. */
  found(): PersonalDataType[];
  /** What all policies together say; of two that say something of one thing, the later. */
  onRoute(request: ClientRequest): Promise<Guidance>;
  /** Whether all policies let a provider be called now. */
  mayCall(provider: string): boolean;
  onChain(request: ClientRequest, routed: Routed): Promise<ClientRequest>;
  onPassThrough(group: string, deployment: Deployment): Promise<void>;
  /** The policies' way with the answer, last one first; undefined where none looks at it. */
  partFilter(): PartFilter | undefined;
  /** Sees each part of an answer as the provider sent it; undefined where no policy does. */
  observer(deployment: Deployment): ((part: Part) => void) | undefined;
  headers(protocol: ProtocolName): Header[];
  endHeaders(outcome: Outcome): Header[];
  onAttempt(attempt: FailedAttempt): void;
  onSettled(outcome: Outcome): void;
}

/** Opens every policy for one exchange. `onFailure` hears what a policy throws while it settles: the others settle all the same. */
export function openPipeline(
  policies: readonly Policy[],
  exchange: Opening,
  stage: Stage,
  onFailure: (policy: string, error: unknown) => void,
): PipelineRun {
  const runs = policies.flatMap((policy) => {
    const run = policy.open(exchange);
    return run === undefined ? [] : [{ name: policy.name, run }];
  });
  /** Has each policy do something, in the reverse order, whatever the others throw. */
  function forEachLast(work: (run: PolicyRun) => void): void {
    for (const { name, run } of runs.toReversed()) {
      try {
        work(run);
      } catch (error) {
        onFailure(name, error);
      }
    }
  }
  return {
    onCaller: () => inTurn(runs.filter(({ run }) => run.onCaller !== undefined)),
    async onRequest(request) {
      let current = request;
      for (const { name, run } of runs) {
        if (run.onRequest !== undefined) current = await stage(name, () => run.onRequest?.(current) ?? current);
      }
      return current;
    },
    found: () => [...new Set(runs.flatMap(({ run }) => [...(run.found?.() ?? [])]))],
    async onRoute(request) {
      const guidance: Guidance = {};
      for (const { name, run } of runs) {
        if (run.onRoute === undefined) continue;
        const answer = run.onRoute(request);
        Object.assign(guidance, answer instanceof Promise ? await stage(name, () => answer) : answer);
      }
      return guidance;
    },
    mayCall: (provider) => runs.every(({ run }) => run.mayCall?.(provider) !== false),
    async onChain(request, routed) {
      let current = request;
      for (const { name, run } of runs) {
        if (run.onChain !== undefined) current = await stage(name, () => run.onChain?.(current, routed) ?? current);
      }
      return current;
    },
    async onPassThrough(group, deployment) {
      for (const { name, run } of runs) {
        if (run.onPassThrough !== undefined) await stage(name, () => run.onPassThrough?.(group, deployment));
      }
    },
    partFilter() {
      return runs.reduceRight<PartFilter | undefined>((before, { run }) => chained(before, run), undefined);
    },
    observer(deployment) {
      const [first, ...more] = runs.flatMap(({ run }) => run.observer?.(deployment) ?? []);
      if (first === undefined || more.length === 0) return first;
      return (part) => {
        first(part);
        for (const observe of more) observe(part);
      };
    },
    headers: (protocol) => runs.flatMap(({ run }) => run.headers?.(protocol) ?? []),
    endHeaders: (outcome) => runs.flatMap(({ run }) => run.endHeaders?.(outcome) ?? []),
    onAttempt: (attempt) => forEachLast((run) => run.onAttempt?.(attempt)),
    onSettled: (outcome) => forEachLast((run) => run.onSettled?.(outcome)),
  };

  /** At once as far as no policy has to wait. */
  function inTurn([next, ...others]: typeof runs): void | Promise<void> {
    if (next === undefined) return undefined;
    const entered = next.run.onCaller?.();
    return entered === undefined ? inTurn(others) : stage(next.name, () => entered).then(() => inTurn(others));
  }
}

/** The filter that runs `before` and then the policy's own. */
function chained(before: PartFilter | undefined, run: PolicyRun): PartFilter | undefined {
  if (run.onPart === undefined) return before;
  const own: PartFilter = (part) => run.onPart?.(part) ?? [part];
  return before === undefined ? own : (part) => before(part).flatMap(own);
}
