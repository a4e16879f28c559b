/** What the features of the matrix say and hear, in words that all client formats share; each client's driver puts them into its SDK's own. */

export interface Bytes {
  mediaType: string;
  base64: string;
}

export type Content =
  /** `isCached`: everything up to here is worth keeping in the prompt cache. */
  | { type: 'text'; text: string; isCached?: boolean }
  | ({ type: 'image' } & Bytes)
  | { type: 'image-url'; url: string }
  | ({ type: 'document'; name: string } & Bytes)
  | ({ type: 'audio' } & Bytes);

export interface Tool {
  name: string;
  description: string;
  /** JSON Schema of an object. */
  parameters: Record<string, unknown> & { type: 'object' };
}

export interface Call {
  id: string;
  name: string;
  arguments: unknown;
}

export interface Result {
  call: Call;
  text: string;
  isError?: boolean;
  image?: Bytes;
}

/** What can be asked of an answer. */
export interface Options {
  tools?: readonly Tool[];
  toolChoice?: 'auto' | 'none' | 'required' | { name: string };
  /** At most one call per answer. */
  oneCall?: true;
  /** JSON Schema that the text must fit. */
  schema?: Record<string, unknown>;
  effort?: 'low' | 'medium' | 'high';
  budgetTokens?: number;
  /** The client asks to see what the model thinks, or has no way to ask and sees it anyway. */
  showReasoning?: true;
  maxTokens?: number;
  temperature?: number;
  topP?: number;
  topK?: number;
  frequencyPenalty?: number;
  presencePenalty?: number;
  seed?: number;
  stop?: readonly string[];
  choices?: number;
  logprobs?: number;
  user?: string;
  metadata?: Readonly<Record<string, string>>;
  serviceTier?: string;
  prediction?: string;
  verbosity?: 'low' | 'high';
  cacheKey?: string;
}

/** How an answer is fetched. */
export interface Manner {
  stream?: boolean;
  /** Whether a stream's client asks for usage, where its API lets it choose. */
  usage?: boolean;
  signal?: AbortSignal;
  /** Called on each delta of text. */
  onDelta?: () => void;
}

export interface Usage {
  /** All input, that of the cache included. */
  input: number;
  /** All output, reasoning included. */
  output: number;
  cacheRead: number;
  cacheWrite: number;
  /** Absent where the format has no place for it. */
  reasoning?: number;
}

/** What the SDK made of an answer. */
export interface Said {
  /** Of the first choice. */
  text: string;
  /** Of every choice. */
  choices: readonly string[];
  reasoning: string;
  calls: readonly Call[];
  finish: 'stop' | 'length' | 'tool-calls' | 'refusal' | 'other';
  /** The sequence that ended the text, where the format names it. */
  stopSequence?: string;
  usage: Usage | undefined;
  /** Tokens whose probability was told. */
  logprobs: number;
  /** Deltas of text that a stream came in. */
  deltas: number;
  /** Events of a stream that had usage alone. */
  usageEvents?: number;
}

/** A conversation that keeps its history in the SDK's own terms, as its vendor's docs tell users to. */
export interface Session {
  /** Throws Inexpressible, as all of these do, where the format has no words for it. */
  system(text: string, more?: { isCached?: boolean }): void;
  user(...content: (string | Content)[]): void;
  results(...results: Result[]): void;
  /** Asks, and takes the answer into the history. Throws SdkError where the SDK throws. */
  answer(options?: Options, manner?: Manner): Promise<Said>;
}

/** Where a gateway listens, and the key of the caller. */
export interface Gateway {
  url: string;
  key: string;
}

/** A client format, as one SDK speaks it. */
export interface Client {
  /** The client protocol's name where the SDK is its maker's own. */
  name: string;
  /** The SDK. */
  sdk: string;
  protocol: string;
  /** Features that the format has no words for, where no option or content of a conversation shows it. */
  without?: readonly string[];
  open(gateway: Gateway, model: string, ear: Ear): Session;
}

/** The client format, or its SDK, has no words for something. */
export class Inexpressible extends Error {}

/** An error that an SDK threw. */
export class SdkError extends Error {
  /** Undefined where the answer had begun. */
  readonly status: number | undefined;

  constructor(cause: unknown, status: number | undefined) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.status = status;
  }
}

/** Options as the SDK writes them. What has no writer cannot be said. */
export type Writers<Params> = { [Name in keyof Options]?: (value: NonNullable<Options[Name]>) => Fragment<Params> };

/** Some parameters, and of those that are objects some fields. */
type Fragment<Params> = { [Name in keyof Params]?: Params[Name] | Partial<NonNullable<Params[Name]>> };

/** The parameters that stand for the options, beside others. Throws Inexpressible. */
export function write<Params extends object>(params: Params, options: Options, writers: Writers<Params>): Params {
  const given = Object.entries(options) as [keyof Options, never][];
  return given.reduce((written, [name, value]) => {
    const writer = writers[name];
    if (writer === undefined) throw new Inexpressible(name);
    return merge(written, writer(value)) as Params;
  }, params);
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Two objects as one; what both have must be objects too. */
function merge(one: object, other: object): object {
  const own: Record<string, unknown> = { ...one };
  for (const [name, value] of Object.entries(other)) {
    const there = own[name];
    own[name] = isObject(there) && isObject(value) ? merge(there, value) : value;
  }
  return own;
}

export const textContent = (content: string | Content): Content => (typeof content === 'string' ? { type: 'text', text: content } : content);

/** Hears the headers of each response, which SDKs do not all show. */
export interface Ear {
  /** `x-remora-warnings` of each response that has any. */
  readonly warnings: string[];
  /** Of the last response. */
  headers: Headers;
  readonly fetch: typeof fetch;
}

export function createEar(): Ear {
  const ear: Ear = {
    warnings: [],
    headers: new Headers(),
    async fetch(input, init) {
      const response = await fetch(input, init);
      hear(ear, response.headers);
      return response;
    },
  };
  return ear;
}

/** Takes note of a response's headers, for SDKs that take no `fetch`. */
export function hear(ear: Ear, headers: Headers): void {
  ear.headers = headers;
  const warnings = headers.get('x-remora-warnings');
  if (warnings !== null) ear.warnings.push(warnings);
}
