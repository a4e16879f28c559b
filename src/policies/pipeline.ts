import type { PartFilter } from '../protocols/rewriter.ts';
import type { ClientRequest } from '../protocols/client-request.ts';
import type { Deployment } from '../routing/deployment.ts';
import type { Outcome, Policy, PolicyRun } from './policy.ts';
import type { Identity, PersonalDataType } from './tenant.ts';

/** Times a policy's work on a request under the policy's name. */
export type Stage = <T>(name: string, work: () => T | Promise<T>) => Promise<T>;

/** All policies' parts in one exchange, in their order. */
export interface PipelineRun {
  onRequest(request: ClientRequest): Promise<ClientRequest>;
  /** Types of personal data that policies found in the request. */
  found(): PersonalDataType[];
  onChain(request: ClientRequest, chain: readonly Deployment[]): Promise<void>;
  onPassThrough(group: string, deployment: Deployment): Promise<void>;
  /** The policies' way with the answer, last one first; undefined where none looks at it. */
  partFilter(): PartFilter | undefined;
  onSettled(outcome: Outcome): void;
}

/** Opens every policy for one exchange. `onFailure` hears what a policy throws while it settles: the others settle all the same. */
export function openPipeline(
  policies: readonly Policy[],
  exchange: { id: string; identity: Identity },
  stage: Stage,
  onFailure: (policy: string, error: unknown) => void,
): PipelineRun {
  const runs = policies.flatMap((policy) => {
    const run = policy.open(exchange);
    return run === undefined ? [] : [{ name: policy.name, run }];
  });
  return {
    async onRequest(request) {
      let current = request;
      for (const { name, run } of runs) {
        if (run.onRequest !== undefined) current = await stage(name, () => run.onRequest?.(current) ?? current);
      }
      return current;
    },
    found: () => [...new Set(runs.flatMap(({ run }) => [...(run.found?.() ?? [])]))],
    async onChain(request, chain) {
      for (const { name, run } of runs) {
        if (run.onChain !== undefined) await stage(name, () => run.onChain?.(request, chain));
      }
    },
    async onPassThrough(group, deployment) {
      for (const { name, run } of runs) {
        if (run.onPassThrough !== undefined) await stage(name, () => run.onPassThrough?.(group, deployment));
      }
    },
    partFilter() {
      return runs.reduceRight<PartFilter | undefined>((before, { run }) => chained(before, run), undefined);
    },
    onSettled(outcome) {
      for (const { name, run } of runs.toReversed()) {
        try {
          run.onSettled?.(outcome);
        } catch (error) {
          onFailure(name, error);
        }
      }
    },
  };
}

/** The filter that runs `before` and then the policy's own. */
function chained(before: PartFilter | undefined, run: PolicyRun): PartFilter | undefined {
  if (run.onPart === undefined) return before;
  const own: PartFilter = (part) => run.onPart?.(part) ?? [part];
  return before === undefined ? own : (part) => before(part).flatMap(own);
}
