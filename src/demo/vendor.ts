import type { IncomingHttpHeaders } from 'node:http';
import type { Answer, Prompt } from './answer.ts';

/** A request that the provider will not serve, before it is put in the vendor's error shape. */
export interface Refusal {
  status: number;
  message: string;
  /** The vendor's error type; each vendor has one per status where this is absent. */
  type?: string;
  /** OpenAI only: the parameter at fault. */
  param?: string;
  /** OpenAI only: the machine-readable reason. */
  code?: string;
  headers?: Readonly<Record<string, string>>;
}

/** One check of a request that its shape alone cannot make; the name says what the vendor insists on. */
export interface Rule<Request> {
  name: string;
  check(request: Request): Refusal | undefined;
}

/** One event of a stream: `data` is written as JSON, or as it is where it is a string (`[DONE]`). */
export interface WireEvent {
  event?: string;
  data: unknown;
  /** True for what `errorEvent` gave: framings that mark errors need to know. */
  isError?: boolean;
}

/** Tokens of one exchange: input is all of it, cached or not; output includes reasoning. */
export interface Counts {
  input: number;
  cacheRead: number;
  cacheWrite: number;
  output: number;
  reasoning: number;
}

/** All that a vendor needs to write an answer. */
export interface Reply<Request> {
  id: string;
  createdSeconds: number;
  request: Request;
  answer: Answer;
  counts: Counts;
  /** Adds fields and events that no client knows yet. */
  strangers: boolean;
}

/** Where a request goes, as its path and query say it. */
export interface Address {
  model?: string;
  stream?: boolean;
  readonly [more: string]: string | boolean | undefined;
}

/** A request as it arrived. */
export interface Call {
  method: string;
  /** With the query. */
  url: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** A call to a known address. */
export interface AddressedCall extends Call {
  address: Address;
}

/** Who is let in, and how those who are not are told: what several endpoints of one fake provider share. */
export interface Gate {
  maxBodyBytes: number;
  responseHeaders(requestId: string): Record<string, string>;
  /** Looks at everything, since a signature may cover it; the body may be of any kind and size yet. */
  checkCall(call: Call, apiKey: string): Refusal | undefined;
  /** The refusal that the vendor sends with a status when nothing is known but that. */
  refusalFor(status: number): Refusal;
  errorBody(refusal: Refusal, requestId: string): unknown;
  /** For vendors that name the error in a header too. */
  errorHeaders?(refusal: Refusal): Record<string, string>;
}

/** One endpoint that writes answers, the model's: what it takes, what it refuses, and how it writes. */
export interface Vendor<Request> extends Gate {
  name: string;
  /** The provider models that it knows. */
  models: readonly string[];
  /** What a call id starts with; the number of the exchange and of the call follow. */
  toolCallPrefix: string;
  answerPrefix: string;
  /** What a path (without query) and its query name; undefined where this endpoint is not there. It takes POST alone. */
  match(path: string, query: URLSearchParams): Address | undefined;
  /** Gives the request if the body is one that the vendor accepts, in a call that `checkCall` has let through. */
  read(body: unknown, models: ReadonlySet<string>, call: AddressedCall): { request: Request } | { refusal: Refusal };
  modelOf(request: Request): string;
  isStream(request: Request): boolean;
  prompt(request: Request): Prompt;
  /** The beginnings of a prompt that the vendor would cache, shortest first. */
  cachePrefixes(request: Request): string[];
  json(reply: Reply<Request>): unknown;
  events(reply: Reply<Request>): WireEvent[];
  /** `index` is the number of events before it. */
  errorEvent(refusal: Refusal, index: number): WireEvent;
  /** One event as bytes; as a server-sent event where it is absent. */
  frame?(event: WireEvent, place: EventPlace, request: Request): Uint8Array;
  /** Content type of a stream; `text/event-stream; charset=utf-8` where it is absent. */
  streamType?(request: Request): string;
}

/** Where an event stands in its stream: a stream that is one JSON array needs brackets and commas. */
export interface EventPlace {
  isFirst: boolean;
  isLast: boolean;
  /** As the behaviour asks for. */
  lineEnd: string;
}

/** What an endpoint that is no chat answers: JSON, bytes of another type, or a refusal. */
export type PlainAnswer =
  | { status?: number; json: unknown; headers?: Readonly<Record<string, string>> }
  | { status?: number; bytes: Uint8Array; headers: Readonly<Record<string, string>> }
  | { refusal: Refusal };

/** An endpoint that is no chat: embeddings, rerank, token counts, model lists, stored objects. */
export interface PlainEndpoint {
  name: string;
  /** Whose errors and checks it has; the first vendor's of its fake where it is absent. */
  gate?: Gate;
  /** Whether a body must be JSON and is parsed, or may be anything; `json` where it is absent. GET, HEAD and DELETE may come without one. */
  takes?: 'json' | 'bytes';
  match(method: string, path: string, query: URLSearchParams): Address | undefined;
  /** `json` is undefined where there is no body, or where it may be anything. */
  answer(call: AddressedCall & { json: unknown }, models: ReadonlySet<string>): PlainAnswer;
}

/** The endpoints of one fake provider. They share its port, key, journal and queue of behaviours. */
export interface Endpoints {
  /** The path of a config's `baseUrl`. */
  basePath: string;
  /** The first one also answers where there is nothing. */
  vendors: readonly [Vendor<unknown>, ...Vendor<unknown>[]];
  plain?: readonly PlainEndpoint[];
}

/** The first rule's refusal. */
export function firstRefusal<Request>(rules: readonly Rule<Request>[], request: Request): Refusal | undefined {
  for (const rule of rules) {
    const refusal = rule.check(request);
    if (refusal) return refusal;
  }
  return undefined;
}
