import type { JsonNode } from '../framing/json.ts';
import type { Edit } from '../framing/splice.ts';
import type { SseEvent } from '../framing/sse.ts';
import { isTextPart, type Part, type ProviderFailure, type TextPart } from '../llm/part.ts';
import type { ChatRequest, Warning } from '../llm/request.ts';

export type ProtocolName = 'openai-chat' | 'anthropic-messages';

/**
 * A wire dialect, spoken by clients and by providers. One folder each, always the same files:
 * `wire` (the shapes we read), `request`, `response` (a JSON answer), `stream` (an answer in events), `error`, `index`.
 */
export interface Protocol {
  readonly name: ProtocolName;
  /** The path that a client posts to, as the vendor's SDK does with its base URL changed to ours. */
  readonly clientPath: string;

  /** What the gateway itself must know of a client's request. Throws JsonFieldError where a field it needs is missing or wrong. */
  facts(body: JsonNode): RequestFacts;
  /** Everything in a client's request that a person may have written, in its order. */
  requestTexts(body: JsonNode): TextSpot[];
  /** What changes in a client's own bytes when the provider speaks the same protocol: the model, and usage asked for. `facts` are those of this body. */
  retarget(body: JsonNode, facts: RequestFacts, target: Target): Edit[];
  /** A client's request in canonical form, with what that form cannot hold. Warnings name the path in the client's body. Throws JsonFieldError. */
  decodeRequest(body: JsonNode): Carried<ChatRequest>;
  /** A request as a provider of this protocol takes it, with what it cannot carry. It knows no client's body, so warnings name the canonical field, as most APIs write it (`top_k`). */
  encodeRequest(request: ChatRequest, target: Target): Carried<string>;

  /** A provider's JSON answer as parts; an error that came with status 200 is an `error` part. Throws JsonFieldError, JsonSyntaxError where it is none. */
  decodeAnswer(body: Buffer): LocatedPart[];
  /** A JSON answer for a client, from all its parts: no error among them. */
  encodeAnswer(parts: readonly Part[], options: EncoderOptions): string;

  /** State for reading one provider stream. */
  createDecoder(): StreamDecoder;
  /** An event for text that policies held back: like the event that last had text of its block, but with nothing else that a client would count twice. */
  heldTextEvent(last: TextEvent, text: string): string;
  /** State for writing one client stream. */
  createEncoder(options: EncoderOptions): StreamEncoder;

  /** A provider's error body. Never throws: what cannot be read becomes the message. */
  decodeFailure(status: number, body: Buffer): ProviderFailure;
  /** An error body for a client. */
  encodeError(error: ClientError): string;
  /** An error for a client whose stream has begun: its event or events, which end the stream. */
  encodeStreamError(error: ClientError): string;
}

export interface RequestFacts {
  /** The name the client asks for. */
  model: string;
  stream: boolean;
  /** Most output tokens of all choices together; undefined where the client set no maximum. */
  maxTokens: number | undefined;
  /** How many alternative answers the client asks for; each may be as long as one alone. */
  choices: number;
  /** Whether a stream's client expects usage: without this it gets no extra event for it. */
  wantsUsage: boolean;
}

/**
 * A place in a body that holds text.
 * `text`: a string of plain text. `json`: a string whose characters are JSON text (OpenAI's tool arguments). `tree`: any JSON value, all strings, keys and numbers of it (Anthropic's tool input).
 */
export interface TextSpot {
  node: JsonNode;
  kind: 'text' | 'json' | 'tree';
}

/** Where an event's data or a JSON answer holds the text of a part: the keys and indices that lead there, and what stands there. */
export interface TextPlace {
  path: readonly (string | number)[];
  kind: TextSpot['kind'];
}

/** A text part as it was read: it knows its place, so that a changed text can be put there. */
export type LocatedText = TextPart & { place: TextPlace };
export type LocatedPart = Exclude<Part, TextPart> | LocatedText;

export const hasPlace = (part: LocatedPart): part is LocatedText => isTextPart(part);

/** An event that had text of a block. */
export interface TextEvent {
  event: SseEvent;
  /** All its texts. */
  texts: readonly LocatedText[];
  /** Which of them is the block's, or the last of the block's. */
  place: TextPlace;
}

/** A translation and what it could not carry. */
export interface Carried<T> {
  value: T;
  warnings: Warning[];
}

/** The provider side of a request. */
export interface Target {
  /** The provider's own model id. */
  model: string;
  quirks: Quirks;
}

/** How a provider differs from others that speak its protocol, as data. */
export interface Quirks {
  /** OpenAI's name of the output limit; other servers of its protocol know only `max_tokens`. */
  maxTokensField?: 'max_tokens' | 'max_completion_tokens';
}

export interface StreamDecoder {
  /** The parts of one event; none for what is not known. No text is empty. */
  push(event: SseEvent): LocatedPart[];
}

export interface EncoderOptions {
  wantsUsage: boolean;
  /** When the answer was made, in seconds since 1970, for protocols that say so. */
  createdAt: number;
}

export interface StreamEncoder {
  /** The events of one part as text; empty where the part is kept for a later one, or says nothing. `end` completes the stream, `error` ends it in the protocol's error event. */
  push(part: Part): string;
}

/** An error on its way to a client, ours or a provider's. */
export interface ClientError {
  status: number;
  /** Our stable code, or the provider's own type. */
  code: string;
  message: string;
  field?: string;
}

/** Output tokens where neither client nor config says and the provider wants a number. */
export const defaultMaxTokens = 4096;
