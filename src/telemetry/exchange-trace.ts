import type { Deployment } from '../routing/deployment.ts';
import type { AttemptOutcome } from '../routing/health/outcome.ts';
import type { Outcome } from '../policies/policy.ts';

/** What one exchange tells telemetry while it runs. Every method is cheap where nobody listens. */
export interface ExchangeTrace {
  /** Times a stage of ours under its name. At once where its work is. */
  stage<T>(name: string, work: () => T | Promise<T>): T | Promise<T>;
  /** Who calls. */
  identified(facts: { tenant: string; key: string }): void;
  /** What for; `model` is undefined where the config declares none of that name, `operation` is a protocol's. */
  requested(facts: { model: string | undefined; operation: string; protocol: string; stream: boolean; maxTokens: number | undefined }): void;
  /** How the deployments to try were found. */
  routed(facts: RoutedFacts): void;
  /** An attempt was written; the one before it, if any, has failed. `parent` is the `traceparent` of Envoy's span for it, where known. */
  attempted(number: number, deployment: Deployment, parent: string | undefined): void;
  /** The provider's headers are here. */
  answered(status: number): void;
  /** The model and id that the provider names in its answer, and why the answer ended. */
  described(facts: { id?: string; model?: string; finishReason?: string }): void;
  /** The first text of the answer has come. */
  firstToken(): void;
  /** Adds the time of this work to what we spent on the answer. */
  answering<T>(work: () => T): T;
  /** Envoy tells what became of an attempt: shortly after its end, which may be after the exchange's. */
  attemptEnded(number: number, outcome: AttemptOutcome): void;
  /** The exchange is over. `error` is our error code, where we answered one. */
  ended(outcome: Outcome, error: string | undefined): void;
  /** After `ended`: Envoy has told of all attempts that it will tell of. */
  completed(): void;
}

/** What was decided about where a request goes. */
export interface RoutedFacts {
  /** The model that serves it, which rules, experiments and `auto` models may have put in the place of the one asked for. */
  model: string;
  /** Ids of the deployments, in the order in which they are tried. */
  chain: readonly string[];
  /** Deployments that are not tried, each with its reason. */
  skipped: readonly string[];
  /** Name of the rule that was applied. */
  rule: string | undefined;
  /** `experiment:variant`. */
  experiments: readonly string[];
  /** Steps of budgets' ladders that were taken, in words. */
  steps: readonly string[];
  /** How hard the task was found, and by what. */
  task: { score: number; by: string; reasons: readonly string[] } | undefined;
}

/** Opens the trace of one exchange. `headers` are the client's, with Envoy's parent span and request id among them. */
export type OpenTrace = (headers: ReadonlyMap<string, string>) => ExchangeTrace;
