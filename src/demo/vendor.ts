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

/** One server-sent event: `data` is written as JSON, or as it is where it is a string (`[DONE]`). */
export interface WireEvent {
  event?: string;
  data: unknown;
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

/** What every vendor's request says of itself. */
export interface ChatBody {
  model: string;
  stream?: boolean | null;
}

/** What differs between the fake providers: where they listen, what they refuse, and how they write. */
export interface Vendor<Request extends ChatBody> {
  name: string;
  /** The path of a config's `baseUrl`. */
  basePath: string;
  endpoint: string;
  models: readonly string[];
  maxBodyBytes: number;
  /** What a call id starts with; the number of the exchange and of the call follow. */
  toolCallPrefix: string;
  answerPrefix: string;
  responseHeaders(requestId: string): Record<string, string>;
  checkHeaders(headers: IncomingHttpHeaders, apiKey: string): Refusal | undefined;
  /** Gives the request if the body is one that the vendor accepts, under headers that `checkHeaders` has let through. */
  read(body: unknown, models: ReadonlySet<string>, headers: IncomingHttpHeaders): { request: Request } | { refusal: Refusal };
  prompt(request: Request): Prompt;
  /** The beginnings of a prompt that the vendor would cache, shortest first. */
  cachePrefixes(request: Request): string[];
  json(reply: Reply<Request>): unknown;
  events(reply: Reply<Request>): WireEvent[];
  /** The refusal that the vendor sends with a status when nothing is known but that. */
  refusalFor(status: number): Refusal;
  errorBody(refusal: Refusal, requestId: string): unknown;
  errorEvent(refusal: Refusal): WireEvent;
}

/** The first rule's refusal. */
export function firstRefusal<Request>(rules: readonly Rule<Request>[], request: Request): Refusal | undefined {
  for (const rule of rules) {
    const refusal = rule.check(request);
    if (refusal) return refusal;
  }
  return undefined;
}
