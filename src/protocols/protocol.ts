import type { Framing, StreamEvent, WrittenEvent } from '../framing/event.ts';
import type { JsonNode } from '../framing/json.ts';
import type { Edit } from '../framing/splice.ts';
import type { EmbedRequest, RerankRequest } from '../llm/embed.ts';
import { isTextPart, type Part, type ProviderFailure, type TextPart } from '../llm/part.ts';
import type { ChatRequest, ReasoningEffort, Warning } from '../llm/request.ts';
import type { Usage } from '../llm/usage.ts';
import type { StateOrigin } from '../llm/state.ts';
import type { ChatParameters } from './chat-parameters.ts';

export type ProtocolName =
  | 'openai-chat'
  | 'openai-responses'
  | 'openai-completions'
  | 'anthropic-messages'
  | 'gemini-generate'
  | 'bedrock-converse'
  | 'openai-embeddings'
  | 'gemini-embed'
  | 'gemini-embed-content'
  | 'cohere-embed'
  | 'bedrock-embed'
  | 'cohere-rerank'
  | 'rerank'
  | 'bedrock-rerank'
  | 'anthropic-count-tokens'
  | 'gemini-count-tokens'
  | 'openai-input-tokens'
  | 'bedrock-count-tokens';

/** What is asked for; protocols of one operation translate into each other. */
export type Operation = 'chat' | 'embed' | 'rerank' | 'count-tokens';

/**
 * A wire dialect, spoken by clients and by providers. One folder each, always the same files:
 * `wire` (the shapes we read), `request`, `response` (a JSON answer), `stream` (an answer in events), `error`, `index`.
 * `Request` is the canonical form of the operation's requests.
 */
export interface Protocol<Request = unknown> {
  readonly name: ProtocolName;
  readonly operation: Operation;
  /** How its streams become bytes. */
  readonly framing: Framing;
  /** The paths that clients post to, as the vendor's SDK does with its base URL changed to ours; `{model}` stands for any. For messages and docs. */
  readonly clientPaths: readonly string[];

  /** What a client's path and query say; undefined where they are not of this protocol. */
  matchPath(path: string, query: URLSearchParams): PathFacts | undefined;
  /** What the gateway itself must know of a client's request. Throws JsonFieldError where a field it needs is missing or wrong. */
  facts(body: JsonNode, path: PathFacts): RequestFacts;
  /** Everything in a client's request that a person may have written, in its order. */
  requestTexts(body: JsonNode): TextSpot[];
  /** Where a client's request may hold state that an answer of ours gave it. */
  stateSpots(body: JsonNode): StateSpot[];
  /** Ids in a client's request of objects that a provider keeps, such as the response before this one or an uploaded file; absent where the protocol has none. */
  storedIds?(body: JsonNode): StoredId[];
  /** What changes in a client's own bytes when the provider speaks the same protocol: the model, usage asked for, what this provider has otherwise. `facts` are those of this body. */
  retarget(body: JsonNode, facts: RequestFacts, target: Target): Carried<Edit[]>;
  /** What changes in a client's own bytes so that it has these parameters, as the provider's model takes them, and what it does not take. Absent where requests have none of them. */
  parameterEdits?(body: JsonNode, parameters: ChatParameters, target: Target): Carried<Edit[]>;
  /** A client's request in canonical form, with what that form cannot hold. Warnings name the path in the client's body. Throws JsonFieldError. */
  decodeRequest(body: JsonNode, facts: RequestFacts): Carried<Request>;
  /** A request as a provider of this protocol takes it, with what it cannot carry. It knows no client's body, so warnings name the canonical field, as most APIs write it (`top_k`). */
  encodeRequest(request: Request, target: Target): Carried<string>;

  /** A provider's JSON answer as parts; an error that came with status 200 is an `error` part. Throws JsonFieldError, JsonSyntaxError where it is none. */
  decodeAnswer(body: Buffer): LocatedPart[];
  /** A JSON answer for a client, from all its parts: no error among them. */
  encodeAnswer(parts: readonly Part[], options: EncoderOptions): string;

  /** State for reading one provider stream. */
  createDecoder(): StreamDecoder;
  /** An event for text that policies held back: like the event that last had text of its block, but with nothing else that a client would count twice. */
  heldTextEvent(last: TextEvent, text: string): WrittenEvent;
  /** State for writing one client stream. */
  createEncoder(options: EncoderOptions): StreamEncoder;

  /** Where answers name objects that the provider keeps, for clients to name them again; absent where the protocol has none. */
  readonly keptIds?: KeptIds;

  /** Whether this protocol can hold a model to the schema of an answer; absent where it holds every model. */
  holdsSchemas?(target: Target): boolean;

  /** How the answer of this protocol carries opaque state of another origin to a client and back. */
  readonly carries: StateCarrier;

  /** A provider's error body and headers. Never throws: what cannot be read becomes the message. */
  decodeFailure(status: number, body: Buffer, headers?: ReadonlyMap<string, string>): ProviderFailure;
  /** What providers say of a credential that they refuse, where the status does not say it (401, 402 and 403 do): the client's key is not at fault. */
  readonly credentialFailure?: Pick<ProviderFailure, 'status' | 'type'>;
  /** An error body for a client. */
  encodeError(error: ClientError): string;
  /** Headers that the protocol's clients read an error's type from; most have none. */
  errorHeaders?(error: ClientError): readonly (readonly [name: string, value: string])[];
  /** An error for a client whose stream has begun: its event or events, which end the stream. `soFar` where we end it ourselves: blocks are closed and the usage is said before it. */
  encodeStreamError(error: ClientError, soFar?: StreamSoFar): WrittenEvent[];
}

export type ChatProtocol = Protocol<ChatRequest> & { readonly operation: 'chat' };
export type EmbedProtocol = Protocol<EmbedRequest> & { readonly operation: 'embed' };
export type RerankProtocol = Protocol<RerankRequest> & { readonly operation: 'rerank' };
export type CountProtocol = Protocol<ChatRequest> & { readonly operation: 'count-tokens' };

/** What the path of a request says, for protocols whose body does not. */
export interface PathFacts {
  model?: string;
  stream?: boolean;
  /** How the client wants its stream framed, where the protocol leaves that to it. */
  framing?: Framing;
}

/**
 * Where a protocol's clients echo what they were given: `reasoning`, whether a block of reasoning has a field for its state (a signature, encrypted content);
 * `calls`, whether a tool call has one. State that has no field of its own travels in the ids of tool calls, which every client sends back.
 */
export interface StateCarrier {
  /** The maker whose state this protocol carries as it is. */
  origin: StateOrigin | undefined;
  reasoning: boolean;
  calls: boolean;
}

/**
 * Where a client's request may hold sealed state: the id of a tool call or of its result, or a block of reasoning (`node` is its state, `item` the block in the array `list`).
 * `value` is the state, where the field holds it encoded; `otherwise` stands in its place where it is another maker's and the block must stay.
 */
export type StateSpot =
  | { kind: 'call-id'; node: JsonNode }
  | { kind: 'state'; node: JsonNode; item: JsonNode; list: JsonNode; value?: string; otherwise?: string };

/**
 * The id of an object that a provider keeps under our account, which all tenants share.
 * `reference`: it alone says what is meant, so it must be one that we gave, and only who keeps the object can serve the request.
 * `part`: it must be one that we gave too, since its keeper looks it up; any other provider does without. `echo`: what it names stands beside it, so the provider's own may pass.
 */
export interface StoredId {
  node: JsonNode;
  kind: 'reference' | 'part' | 'echo';
}

/** Ids of kept objects in a JSON answer or in the data of an event. */
export interface KeptIds {
  /** Text that every document with such an id has: others are not parsed for them. */
  sign: string;
  /** `isStored` as the facts of the request have it. */
  in(document: JsonNode, isStored: boolean): JsonNode[];
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
  /** How the client wants its stream framed, where the protocol leaves that to it. */
  framing?: Framing;
  /** How the client wants vectors written, where the protocol leaves that to it. */
  encoding?: 'float' | 'base64';
  /** Whether the provider keeps the answer for later calls, which name it by its id. */
  isStored?: boolean;
}

/**
 * A place in a body that holds text.
 * `text`: a string of plain text. `json`: a string whose characters are JSON text (OpenAI's tool arguments). `tree`: any JSON value, all strings, keys and numbers of it (Anthropic's tool input). `unreadable`: text in a form that we cannot read, such as tokens.
 */
export interface TextSpot {
  node: JsonNode;
  kind: 'text' | 'json' | 'tree' | 'unreadable';
}

/** Where an event's data or a JSON answer holds the text of a part: the keys and indices that lead there, and what stands there. */
export interface TextPlace {
  path: readonly (string | number)[];
  kind: TextSpot['kind'];
}

/** A text part as it was read: it knows its place, so that a changed text can be put there. */
export type LocatedText = TextPart & { place: TextPlace };
/** Text of the answer said once more, as protocols do that sum up at the end: what policies did to it holds here too. */
export interface EchoPart {
  type: 'echo';
  /** What kind of text it repeats, all of it. */
  of: TextPart['type'];
  text: string;
  place: TextPlace;
}
export type LocatedPart = Exclude<Part, TextPart> | LocatedText | EchoPart;

export const isEcho = (part: LocatedPart): part is EchoPart => part.type === 'echo';
export const hasPlace = (part: LocatedPart): part is LocatedText => !isEcho(part) && isTextPart(part);

/** An event that had text of a block. */
export interface TextEvent {
  event: StreamEvent;
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
  /** The client's own headers, where it speaks the provider's protocol; some providers have one of them in the body. */
  headers?: ReadonlyMap<string, string>;
}

/** How a provider differs from others that speak its protocol, as data. */
export interface Quirks {
  /** OpenAI's name of the output limit; other servers of its protocol know only `max_tokens`. */
  maxTokensField?: 'max_tokens' | 'max_completion_tokens';
  /** Fields at the top of the body that the server refuses: left out, with a warning. */
  refusedFields?: readonly string[];
  /** Fields at the top of the body that have another name here, such as Mistral's `random_seed` for `seed`. */
  renamedFields?: Readonly<Record<string, string>>;
  /** What ids of tool calls must look like; others are replaced, the same in a call and its result. Translated requests keep to 40 characters anyway, which is OpenAI's limit. */
  toolCallIds?: 'at-most-40' | 'nine-alphanumeric';
  /** How the usage of a stream is had: `asked` for in `stream_options` (where it is absent too); `always` there; or there, but whoever asks is refused. */
  usageInStream?: 'asked' | 'always' | 'never-ask';
  /** Where OpenAI-compatible servers take the reasoning of earlier turns back; `none` where such fields are refused. Absent: a client's own field passes, translated requests have none. */
  reasoningField?: 'reasoning_content' | 'reasoning' | 'none';
  /** True: answers show what the model thought, though the server takes none of it back. */
  showsReasoning?: boolean;
  /**
   * How OpenAI-compatible servers are told how much to think: `reasoning_effort` (where it is absent too), OpenRouter's object `reasoning`, or not at all.
   * `thinking`: a switch turns it off and on; efforts besides go into `reasoning_effort`, where `reasoningEfforts` names any.
   */
  reasoningParameter?: 'reasoning_effort' | 'reasoning' | 'thinking' | 'none';
  /** The efforts that are taken; all where it is absent. */
  reasoningEfforts?: readonly ReasoningEffort[];
  /** The server does not know OpenAI's role `developer`. */
  systemRole?: 'system';
  /** False: no `response_format` with a schema. JSON mode then takes its place, and the schema stands in a system message. */
  jsonSchema?: boolean;
  /** False: no `strict` in tools. */
  strictTools?: boolean;
  /** Fields of messages that are refused, such as `name`. */
  refusedMessageFields?: readonly string[];
  /** True: `stop` must be a list. */
  stopList?: boolean;
  /** False: takes images in base64 alone. */
  imageUrls?: boolean;
  /** False: system messages stand before all others; one between them is sent as the user's. */
  systemInside?: boolean;
  /** False: no message of the user may follow a tool's result; what it says is put behind the result. */
  userAfterTool?: boolean;
  /** True: messages of user and assistant must alternate; neighbours of one role are merged. */
  alternates?: boolean;
  /** True: takes `top_k`, which OpenAI does not. */
  topK?: boolean;
  /** How content is marked for the prompt cache; absent where the server has no such marks. */
  cacheMarkers?: 'prompt_cache_breakpoint' | 'cache_control';
  /** Value of `anthropic_version` in the body, at clouds that serve Claude: the body then has neither `model` nor `stream`, which their paths say. */
  bodyVersion?: string;
  /** Where tokens are counted, instruction and tools stand beside `contents`, as Vertex AI has it; not in a request inside the request. */
  flatTokenCount?: boolean;
}

export interface StreamDecoder {
  /** The parts of one event; none for what is not known. No text is empty. */
  push(event: StreamEvent): LocatedPart[];
}

export interface EncoderOptions {
  wantsUsage: boolean;
  /** When the answer was made, in seconds since 1970, for protocols that say so. */
  createdAt: number;
  /** How the client wants vectors written; `float` where it is absent. */
  encoding?: 'float' | 'base64' | undefined;
  /** The name that the client asked for, for protocols whose answers must repeat it where the provider's answer names none. */
  model?: string;
}

export interface StreamEncoder {
  /** The events of one part; none where the part is kept for a later one, or says nothing. `end` completes the stream, `error` ends it in the protocol's error event. */
  push(part: Part): readonly WrittenEvent[];
  /** Ends the stream before its time with an error of ours: closes what is open, says the usage that was pushed last, and then the error. */
  stop(error: ClientError): readonly WrittenEvent[];
}

/** What a client has of a stream that we end before its time. */
export interface StreamSoFar {
  /** Events that it got. */
  events: number;
  /** Id and model as the answer named them; empty where it did not. */
  id: string;
  model: string;
  /** When the answer was made, in seconds since 1970. */
  createdAt: number;
  /** What was used by then; undefined where nobody knows, or the client asked for no usage. */
  usage: Usage | undefined;
  /** Blocks of text and reasoning that are open, by their numbers on the wire. Tool calls are left open: to close one would say that its arguments are complete. */
  openBlocks: readonly number[];
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
