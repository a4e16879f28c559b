import type { PartFilter } from '../protocols/rewriter.ts';
import type { Part } from '../llm/part.ts';
import type { Warning } from '../llm/request.ts';
import type { ClientRequest } from '../protocols/client-request.ts';
import type { ProtocolName } from '../protocols/protocol.ts';
import type { Deployment } from '../routing/deployment.ts';
import type { FailedAttempt, Guidance, Header, Opening, Outcome, Policy, PolicyRun, Routed } from './policy.ts';
import type { PersonalDataType } from './tenant.ts';

/** Times a policy's work on a request under the policy's name. At once where the work is. */
export type Stage = <T>(name: string, work: () => T | Promise<T>) => T | Promise<T>;

/** All policies' parts in one exchange, in their order. What no policy has to wait for is done at once. */
export interface PipelineRun {
  onCaller(): void | Promise<void>;
  onRequest(request: ClientRequest): ClientRequest | Promise<ClientRequest>;
  /** Types of personal data that policies found in the request. */
  found(): PersonalDataType[];
  /** What all policies together say; of two that say something of one thing, the later. */
  onRoute(request: ClientRequest): Guidance | Promise<Guidance>;
  /** Whether all policies let a deployment be called now. */
  mayCall(deployment: Deployment): boolean;
  onChain(request: ClientRequest, routed: Routed): ClientRequest | Promise<ClientRequest>;
  onPassThrough(group: string, deployment: Deployment): void | Promise<void>;
  /** What of the request policies could not take as it was; asked once the chain is known. */
  warnings(): Warning[];
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
  const runs: NamedRun[] = [];
  for (const policy of policies) {
    const run = policy.open(exchange);
    if (run !== undefined) runs.push({ name: policy.name, run });
  }
  return new Pipeline(runs, stage, onFailure);
}

interface NamedRun {
  name: string;
  run: PolicyRun;
}

class Pipeline implements PipelineRun {
  readonly #runs: readonly NamedRun[];
  readonly #stage: Stage;
  readonly #onFailure: (policy: string, error: unknown) => void;

  constructor(runs: readonly NamedRun[], stage: Stage, onFailure: (policy: string, error: unknown) => void) {
    this.#runs = runs;
    this.#stage = stage;
    this.#onFailure = onFailure;
  }

  onCaller(): void | Promise<void> {
    return this.#inTurn<void>(undefined, ({ name, run }) => {
      const entered = run.onCaller?.();
      return entered === undefined ? undefined : this.#stage(name, () => entered);
    });
  }

  onRequest(request: ClientRequest): ClientRequest | Promise<ClientRequest> {
    return this.#inTurn(request, ({ name, run }, current) =>
      run.onRequest === undefined ? current : this.#stage(name, () => run.onRequest?.(current) ?? current),
    );
  }

  found(): PersonalDataType[] {
    const found = new Set<PersonalDataType>();
    for (const { run } of this.#runs) for (const type of run.found?.() ?? []) found.add(type);
    return [...found];
  }

  onRoute(request: ClientRequest): Guidance | Promise<Guidance> {
    return this.#inTurn<Guidance>({}, ({ name, run }, guidance) => {
      const answer = run.onRoute?.(request);
      if (!(answer instanceof Promise)) return Object.assign(guidance, answer);
      return this.#stage(name, () => answer.then((later) => Object.assign(guidance, later)));
    });
  }

  mayCall(deployment: Deployment): boolean {
    return this.#runs.every(({ run }) => run.mayCall?.(deployment) !== false);
  }

  onChain(request: ClientRequest, routed: Routed): ClientRequest | Promise<ClientRequest> {
    return this.#inTurn(request, ({ name, run }, current) =>
      run.onChain === undefined ? current : this.#stage(name, () => run.onChain?.(current, routed) ?? current),
    );
  }

  onPassThrough(group: string, deployment: Deployment): void | Promise<void> {
    return this.#inTurn<void>(undefined, ({ name, run }) =>
      run.onPassThrough === undefined ? undefined : this.#stage<void>(name, () => run.onPassThrough?.(group, deployment)),
    );
  }

  warnings(): Warning[] {
    return this.#all((run) => run.warnings?.());
  }

  partFilter(): PartFilter | undefined {
    return this.#runs.reduceRight<PartFilter | undefined>((before, { run }) => chained(before, run), undefined);
  }

  observer(deployment: Deployment): ((part: Part) => void) | undefined {
    let all: ((part: Part) => void) | undefined;
    for (const { run } of this.#runs) {
      const [before, own] = [all, run.observer?.(deployment)];
      if (before === undefined || own === undefined) all = before ?? own;
      else all = (part) => (before(part), own(part));
    }
    return all;
  }

  headers(protocol: ProtocolName): Header[] {
    return this.#all((run) => run.headers?.(protocol));
  }

  endHeaders(outcome: Outcome): Header[] {
    return this.#all((run) => run.endHeaders?.(outcome));
  }

  onAttempt(attempt: FailedAttempt): void {
    this.#forEachLast((run) => run.onAttempt?.(attempt));
  }

  onSettled(outcome: Outcome): void {
    this.#forEachLast((run) => run.onSettled?.(outcome));
  }

  /** Has each policy do its part, from one on; at once as far as no policy has to wait. */
  #inTurn<Value>(first: Value, part: (policy: NamedRun, current: Value) => Value | Promise<Value>, from = 0): Value | Promise<Value> {
    let current = first;
    for (let index = from; ; index += 1) {
      const policy = this.#runs[index];
      if (policy === undefined) return current;
      const next = part(policy, current);
      if (next instanceof Promise) return next.then((later) => this.#inTurn(later, part, index + 1));
      current = next;
    }
  }

  /** What all policies say. */
  #all<Thing>(said: (run: PolicyRun) => readonly Thing[] | undefined): Thing[] {
    const all: Thing[] = [];
    for (const { run } of this.#runs) {
      const things = said(run);
      if (things !== undefined) all.push(...things);
    }
    return all;
  }

  /** Has each policy do something, in the reverse order, whatever the others throw. */
  #forEachLast(work: (run: PolicyRun) => void): void {
    for (const { name, run } of this.#runs.toReversed()) {
      try {
        work(run);
      } catch (error) {
        this.#onFailure(name, error);
      }
    }
  }
}

/** The filter that runs `before` and then the policy's own. */
function chained(before: PartFilter | undefined, run: PolicyRun): PartFilter | undefined {
  if (run.onPart === undefined) return before;
  const own: PartFilter = (part) => run.onPart?.(part) ?? [part];
  return before === undefined ? own : (part) => before(part).flatMap(own);
}
