import type { FinishReason } from '../llm/part.ts';
import type { Usage } from '../llm/usage.ts';
import type { ProtocolName } from '../protocols/protocol.ts';
import type { CopyFailureKind } from './copy-failure.ts';

/** What came of a copy: for people who compare models. Plain JSON values. */
export interface MirrorResult {
  /** Id of the exchange that was copied, for finding it in logs and traces. */
  exchange: string;
  /** The model that the client asked for. */
  askedModel: string;
  /** The model that got the copy. */
  model: string;
  deployment: string;
  /** The tenant that paid. */
  tenant: string;
  /** The client's protocol. */
  protocol: ProtocolName;
  /** Milliseconds since 1970. */
  startedAt: number;
  /** HTTP status of the provider; 0 for none. */
  status: number;
  /** As exchanges end; `refused` where nothing was sent to the provider. */
  end: 'complete' | 'failed' | 'refused' | 'cut' | 'left';
  failure: { kind: CopyFailureKind; message: string } | undefined;
  /** Milliseconds from the start to the headers of the answer; undefined where none came. */
  headersMs: number | undefined;
  /** Milliseconds from the start to the first content; undefined where none came. */
  firstTokenMs: number | undefined;
  /** Milliseconds from the start to the end. */
  totalMs: number;
  /** Why the answer ended; undefined where nothing said so. */
  finish: FinishReason | undefined;
  /** What was booked, and its cost; the cost is 0 where nothing was. */
  usage: Usage;
  estimated: boolean;
  costNanos: number;
  /** No price is known, so the cost is no price of the usage. */
  unpriced: boolean;
  /** Things of the request that the deployment could not be given. */
  warnings: number;
  /** Beginning of the answer's text, with placeholders where personal data was redacted. */
  text: string;
  /** Length of the whole text, in characters. */
  textLength: number;
  /** Names of the tools that it called. */
  toolCalls: readonly string[];
}
