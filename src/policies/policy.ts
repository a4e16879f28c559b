import type { Part } from '../llm/part.ts';
import type { Usage } from '../llm/usage.ts';
import type { ClientRequest } from '../protocols/client-request.ts';
import type { Deployment } from '../routing/deployment.ts';
import type { Identity, PersonalDataType } from './tenant.ts';

/** A rule applied to exchanges. It holds no state of any exchange: that lives in what `open` returns. */
export interface Policy {
  readonly name: string;
  /** Starts the policy's part in one exchange; undefined where it has none. */
  open(exchange: { id: string; identity: Identity }): PolicyRun | undefined;
}

/** A policy's part in one exchange. Hooks run forward in the order of `order.ts`, on the answer in reverse. */
export interface PolicyRun {
  /** Sees the client's request; returns it, changed or not, or throws GatewayError to refuse. */
  onRequest?(request: ClientRequest): ClientRequest | Promise<ClientRequest>;
  /** Types of personal data that it found in the request; asked once the request was seen. */
  found?(): Iterable<PersonalDataType>;
  /** Sees the chain that routing chose; throws GatewayError to refuse. */
  onChain?(request: ClientRequest, chain: readonly Deployment[]): void | Promise<void>;
  /** Sees a call that passes to a deployment unread; `group` says of what kind it is. Throws GatewayError to refuse. */
  onPassThrough?(group: string, deployment: Deployment): void | Promise<void>;
  /** Sees each part of the answer; returns what takes its place. Synchronous: it runs per chunk. May be set while the request is seen: where no policy has it, answers pass untouched. */
  onPart?(part: Part): readonly Part[];
  /** Runs exactly once, however the exchange ended; after it nothing more is called. */
  onSettled?(outcome: Outcome): void;
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
  /** The experiments that it took part in, each as `experiment:variant`. */
  experiments: readonly string[];
  /** Attempts that were made. */
  attempts: number;
  /** Things of the request that the last attempt could not carry. */
  warnings: number;
  /** The provider's own usage; undefined where it reported none. */
  usage: Usage | undefined;
  /** Bytes of the request that was sent to the provider; 0 where none was. */
  requestBytes: number;
  /** UTF-8 bytes of content (text, reasoning, tool arguments) that the provider delivered. */
  deliveredBytes: number;
}
