import type { Deployment } from '../routing/deployment.ts';
import type { Outcome } from '../policies/policy.ts';

/** What one exchange tells telemetry while it runs. Every method is cheap where nobody listens. */
export interface ExchangeTrace {
  /** Times a stage of ours under its name. */
  stage<T>(name: string, work: () => T | Promise<T>): Promise<T>;
  /** Who calls. */
  identified(facts: { tenant: string; key: string }): void;
  /** What for; `model` is undefined where the config declares none of that name, `operation` is a protocol's. */
  requested(facts: { model: string | undefined; operation: string; protocol: string; stream: boolean; maxTokens: number | undefined }): void;
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
  /** The exchange is over. `error` is our error code, where we answered one. */
  ended(outcome: Outcome, error: string | undefined): void;
}

/** Opens the trace of one exchange. `headers` are the client's, with Envoy's parent span and request id among them. */
export type OpenTrace = (headers: ReadonlyMap<string, string>) => ExchangeTrace;
