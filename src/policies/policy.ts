import type { Part } from '../llm/part.ts';
import type { Warning } from '../llm/request.ts';
import type { Usage } from '../llm/usage.ts';
import type { ChatParameters } from '../protocols/chat-parameters.ts';
import type { ClientRequest } from '../protocols/client-request.ts';
import type { ProtocolName } from '../protocols/protocol.ts';
import type { Deployment, Model } from '../routing/deployment.ts';
import type { AttemptOutcome } from '../routing/health/outcome.ts';
import type { Identity, PersonalDataType } from './tenant.ts';
import type { SharedTerms } from './terms.ts';

/** A rule applied to exchanges. It holds no state of any exchange: that lives in what `open` returns. */
export interface Policy {
  readonly name: string;
  /** Starts the policy's part in one exchange; undefined where it has none. */
  open(exchange: Opening): PolicyRun | undefined;
}

/** What is known of an exchange when its caller is. */
export interface Opening {
  id: string;
  identity: Identity;
  /** Limits that all tenants share. */
  shared: SharedTerms;
  /** The models of the config that the exchange goes by. */
  models: ReadonlyMap<string, Model>;
  /** The client's headers. */
  headers: ReadonlyMap<string, string>;
  /** Aborts where the client is gone while a policy, or anything else, makes it wait. */
  signal: AbortSignal;
}

/** A policy's part in one exchange. Hooks run forward in the order of `order.ts`, on the answer in reverse. */
export interface PolicyRun {
  /** The caller is known, and nothing else yet. Throws GatewayError to refuse. */
  onCaller?(): void | Promise<void>;
  /** Sees the client's request; returns it, changed or not, or throws GatewayError to refuse. */
  onRequest?(request: ClientRequest): ClientRequest | Promise<ClientRequest>;
  /** Types of personal data that it found in the request; asked once the request was seen. */
  found?(): Iterable<PersonalDataType>;
  /** Says, before the request is routed, what routing is to do; throws GatewayError to refuse. */
  onRoute?(request: ClientRequest): Guidance | undefined | Promise<Guidance | undefined>;
  /** Whether a deployment may be called now; asked while the request is routed. Where it says no of all there are, `onChain` is asked all the same, and refuses. */
  mayCall?(deployment: Deployment): boolean;
  /** Sees the chain that routing chose; returns the request, changed or not, or throws GatewayError to refuse. */
  onChain?(request: ClientRequest, routed: Routed): ClientRequest | Promise<ClientRequest>;
  /** Sees a call that passes to a deployment unread; `group` says of what kind it is. Throws GatewayError to refuse. */
  onPassThrough?(group: string, deployment: Deployment): void | Promise<void>;
  /** What of the request it could not take as it was, for the client; asked once the chain, or where a call passes to, is known. */
  warnings?(): readonly Warning[];
  /** The answer of a deployment begins: what is returned sees each part of it as the provider sent it, and throws GatewayError to end it. Synchronous: it runs per chunk. */
  observer?(deployment: Deployment): ((part: Part) => void) | undefined;
  /** Sees each part of the answer; returns what takes its place. Synchronous: it runs per chunk. May be set while the request is seen: where no policy has it, answers pass untouched. */
  onPart?(part: Part): readonly Part[];
  /** What the client is told, in headers of the answer or of an error. */
  headers?(protocol: ProtocolName): readonly Header[];
  /** What it is told besides where the answer is one whole: it is over then. */
  endHeaders?(outcome: Outcome): readonly Header[];
  /** An attempt is over, and it was not the last. */
  onAttempt?(attempt: FailedAttempt): void;
  /** Runs exactly once, however the exchange ended; after it only `onAttempt` is called. */
  onSettled?(outcome: Outcome): void;
}

/** A header of an answer, its name in lower case. */
export type Header = readonly [name: string, value: string];

/** What routing is to do besides what the client asks for. */
export interface Guidance {
  /** Name of the model that serves instead of the one asked for. */
  use?: string;
  /** Parameters that the request gets. */
  set?: ChatParameters;
  /** The steps of budgets' ladders that led to this, in words. */
  steps?: readonly string[];
  /** How long the request is to wait before it is routed, in milliseconds. */
  waitMs?: number;
}

/** Where routing leads a request. */
export interface Routed {
  /** Name of the model that serves. */
  served: string;
  /** Name of the rule that led there; empty for none. */
  route: string;
  /** The deployments that may be tried, from the first. */
  chain: readonly Deployment[];
}

/** An attempt that failed and was followed by another. */
export interface FailedAttempt {
  /** From 1. */
  number: number;
  deployment: Deployment;
  outcome: AttemptOutcome;
}

/** How an exchange ended. */
export interface Outcome {
  /**
   * `complete`: the answer ended as its protocol says. `failed`: an error was answered, by a provider, by Envoy or in the stream.
   * `refused`: we said no before any provider was called. `cut`: the provider ended its answer cleanly before it was complete.
   * `left`: Envoy closed the exchange before the answer was complete: the client went away or the provider's connection broke (Envoy does not say which).
   */
  end: 'complete' | 'failed' | 'refused' | 'cut' | 'left';
  /** HTTP status the client got; 0 where it got none. */
  status: number;
  /** The deployment that answered, or was last written to; undefined where none was. */
  deployment: Deployment | undefined;
  /** Name of the model that served, and of the rule that led there; empty for none. */
  served: string;
  route: string;
  /** Code of the error that the client got from us; empty for none. */
  reason: string;
  /** The experiments that it took part in, each as `experiment:variant`. */
  experiments: readonly string[];
  /** Attempts that were made. */
  attempts: number;
  /** Things of the request that policies could not take, or the last attempt could not carry. */
  warnings: number;
  /** The provider's own usage; undefined where it reported none. */
  usage: Usage | undefined;
  /** Bytes of the request that was sent to the provider; 0 where none was. */
  requestBytes: number;
  /** UTF-8 bytes of content (text, reasoning, tool arguments) that the provider delivered. */
  deliveredBytes: number;
}
