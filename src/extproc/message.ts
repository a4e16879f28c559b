/** HTTP headers by lower-case name; where one stands several times, joined by `, ` (RFC 9110, section 5.3). Pseudo-headers such as `:path` included. */
export type Headers = ReadonlyMap<string, string>;

/** A header to set: its name and value. */
export type Header = readonly [name: string, value: string];

/** What Envoy tells in one message of a conversation. */
export type Message = RequestHeaders | RequestBody | ResponseHeaders | ResponseBody | Trailers | Stalled;

export interface RequestHeaders {
  type: 'request-headers';
  headers: Headers;
  /** True: no body follows. */
  endOfStream: boolean;
  attributes: Attributes;
  /** Values of our own metadata namespace that an earlier reply of the exchange has set. */
  metadata: ReadonlyMap<string, string>;
}

export interface RequestBody {
  type: 'request-body';
  body: Buffer;
}

export interface ResponseHeaders {
  type: 'response-headers';
  headers: Headers;
  endOfStream: boolean;
  attributes: Attributes;
}

export interface ResponseBody {
  type: 'response-body';
  body: Buffer;
  endOfStream: boolean;
}

export interface Trailers {
  type: 'request-trailers' | 'response-trailers';
}

/** Not Envoy's own: nothing has come for as long as the last reply's `stallMs` says, or a `deadlineMs` is over. Only an `immediate` reply to it is sent. */
export interface Stalled {
  type: 'stalled';
}

/** What Envoy waits for a reply to. */
export type Asked = Exclude<Message, Stalled>['type'];

/** Envoy attributes by name, such as `xds.cluster_name`. */
export type Attributes = ReadonlyMap<string, string | number>;

/** What a conversation says to one message. */
export type Reply = Sent | Hold | Release;

/** What goes to Envoy. */
export type Sent = Proceed | Immediate | Wait;

/** Go on, changed as said. */
export interface Proceed {
  type: 'proceed';
  setHeaders?: readonly Header[];
  removeHeaders?: readonly string[];
  /** Replaces the body, or this chunk of it. */
  body?: Buffer;
  /** To request headers only: the body given here takes the place of the one that was not sent to us. */
  replacesRequest?: boolean;
  /** Envoy chooses the route again, with what this reply has changed. */
  clearRouteCache?: boolean;
  metadata?: DynamicMetadata;
  /** How the body of the request comes to us; to request headers only. Buffered where it is absent. */
  requestBody?: 'none' | 'buffered';
  /** How the body of the answer comes to us. */
  responseBody?: 'none' | 'streamed' | 'buffered';
  /** The next message is to come within so many milliseconds, else the conversation gets `stalled` in its place. */
  stallMs?: number;
  /** The conversation is to be over within so many milliseconds, else it gets `stalled`, whatever else comes. Said once. */
  deadlineMs?: number;
}

/** Answer the client now; no provider is called, or its answer is thrown away. */
export interface Immediate {
  type: 'immediate';
  status: number;
  headers: readonly Header[];
  body: Buffer;
  /** For Envoy's own log and traces; our error code. */
  details: string;
}

/** The reply comes later, within `forMs` milliseconds from now. The conversation goes on at once, and sees the same message as the value of `yield`. Envoy heeds it once for each message. */
export interface Wait {
  type: 'wait';
  forMs: number;
}

/** No reply yet: a later `release` answers this message too. */
export interface Hold {
  type: 'hold';
}

/** Answers all messages that were held and this one, oldest first. With it the conversation is over: what else comes passes as it is. */
export interface Release {
  type: 'release';
  replies: readonly Proceed[];
}

/** Dynamic metadata by namespace and key. */
export type DynamicMetadata = Readonly<Record<string, Readonly<Record<string, MetadataValue>>>>;
export type MetadataValue = string | number | readonly MetadataValue[] | { readonly [key: string]: MetadataValue };

/** Our half of one ext_proc stream. It is created with the first message; each further one arrives as the value of `yield`. It ends when we have nothing more to say. */
export type Conversation = AsyncGenerator<Reply, void, Message>;

export const proceed: Proceed = { type: 'proceed' };

/** The message, which must be a body of the answer. */
export function requireBody(message: Message): ResponseBody {
  if (message.type !== 'response-body') throw new Error(`Envoy sent ${message.type} where the answer's body belongs`);
  return message;
}
