import type { RequestFeatures } from '../features.ts';

/** What the gateway knows of a request when its rules are tried. */
export interface RuleInput {
  tenant: string;
  /** Name of the virtual key. */
  key: string;
  /** Name of the model that the client asks for. */
  model: string;
  path: string;
  /** Name of the client's protocol. */
  protocol: string;
  /** All headers of the client, by lower-case name. Rules do not see those that hold secrets. */
  headers: ReadonlyMap<string, string>;
  features: RequestFeatures;
  /** Types of the personal data that redaction has found. */
  dataClasses: readonly string[];
  /** Milliseconds since 1970. */
  now: number;
}

/** Longest text that a rule sees, in characters; of a longer one, its beginning. */
const maxTextLength = 1024;

/** Most headers, labels or types of data that a rule sees. */
const maxEntries = 100;

/** Headers that hold keys, sessions and tokens. */
const secretHeaders: ReadonlySet<string> = new Set([
  'authorization',
  'proxy-authorization',
  'x-api-key',
  'api-key',
  'x-goog-api-key',
  'x-amz-security-token',
  'x-remora-provider-key',
  'x-forwarded-client-cert',
  'cookie',
]);

/** The variables of rules, under their names there. Each is made when it is first asked for, and once. */
export class RuleFacts {
  #input: RuleInput;
  #request: RequestVariable | undefined;
  #time: TimeVariable | undefined;
  #headers: Map<string, string> | undefined;
  #metadata: Map<string, string> | undefined;

  constructor(input: RuleInput) {
    this.#input = input;
  }

  /** Lets go of the request: a condition with a loop keeps what it was last tried on. */
  forget(): void {
    this.#input = nothing;
    this.#request = undefined;
    this.#headers = undefined;
    this.#metadata = undefined;
  }

  get tenant(): string {
    return this.#input.tenant;
  }

  get key(): string {
    return this.#input.key;
  }

  get model(): string {
    return cut(this.#input.model);
  }

  /** Without its query, in which some clients send their key. */
  get path(): string {
    return cut(this.#input.path.split('?', 1)[0] ?? '');
  }

  get protocol(): string {
    return this.#input.protocol;
  }

  get headers(): Map<string, string> {
    this.#headers ??= textMap(visible(this.#input.headers));
    return this.#headers;
  }

  get metadata(): Map<string, string> {
    this.#metadata ??= textMap(Object.entries(this.#input.features.metadata));
    return this.#metadata;
  }

  /** `headers` as `headers["x"]` reads them: one that is not there is empty. */
  get headers_or_empty(): Map<string, string> {
    return orEmpty(this.headers);
  }

  get metadata_or_empty(): Map<string, string> {
    return orEmpty(this.metadata);
  }

  get data_classes(): string[] {
    return this.#input.dataClasses.slice(0, maxEntries);
  }

  get request(): RequestVariable {
    this.#request ??= new RequestVariable(this.#input.features);
    return this.#request;
  }

  get time(): TimeVariable {
    this.#time ??= new TimeVariable(this.#input.now);
    return this.#time;
  }
}

/** The variable `request`. */
export class RequestVariable {
  readonly #features: RequestFeatures;

  constructor(features: RequestFeatures) {
    this.#features = features;
  }

  get input_tokens(): bigint {
    return whole(this.#features.inputTokens);
  }

  get max_tokens(): bigint {
    return whole(this.#features.maxTokens ?? 0);
  }

  get messages(): bigint {
    return whole(this.#features.messages);
  }

  get stream(): boolean {
    return this.#features.stream;
  }

  get has_images(): boolean {
    return this.#features.hasImages;
  }

  get has_documents(): boolean {
    return this.#features.hasDocuments;
  }

  get has_audio(): boolean {
    return this.#features.hasAudio;
  }

  get has_tools(): boolean {
    return this.#features.hasTools;
  }

  get has_json_schema(): boolean {
    return this.#features.hasJsonSchema;
  }

  get has_reasoning(): boolean {
    return this.#features.hasReasoning;
  }

  get language(): string {
    return this.#features.language;
  }

  get user(): string {
    return cut(this.#features.user ?? '');
  }
}

/** The days of a week as `time.weekday` has them, from Sunday on. */
export const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;

/** The variable `time`, in UTC. */
export class TimeVariable {
  readonly #date: Date;

  /** `now` in milliseconds since 1970. */
  constructor(now: number) {
    this.#date = new Date(now);
  }

  get hour(): bigint {
    return BigInt(this.#date.getUTCHours());
  }

  get minute(): bigint {
    return BigInt(this.#date.getUTCMinutes());
  }

  get weekday(): string {
    return weekdays[this.#date.getUTCDay()] ?? '';
  }

  get day(): bigint {
    return BigInt(this.#date.getUTCDate());
  }

  get month(): bigint {
    return BigInt(this.#date.getUTCMonth() + 1);
  }
}

const nothing: RuleInput = {
  tenant: '',
  key: '',
  model: '',
  path: '',
  protocol: '',
  headers: new Map(),
  features: {
    inputTokens: 0,
    maxTokens: undefined,
    stream: false,
    hasImages: false,
    hasDocuments: false,
    hasAudio: false,
    hasTools: false,
    hasJsonSchema: false,
    hasReasoning: false,
    dimensions: undefined,
    messages: 0,
    task: '',
    language: 'und',
    metadata: {},
    user: undefined,
    conversation: '',
  },
  dataClasses: [],
  now: 0,
};

const cut = (text: string): string => (text.length > maxTextLength ? text.slice(0, maxTextLength) : text);
const whole = (value: number): bigint => BigInt(Math.trunc(value));

/** Headers without secrets, and without those of HTTP/2 itself (`:path` has the query). */
function* visible(headers: ReadonlyMap<string, string>): Iterable<[string, string]> {
  for (const entry of headers) if (!secretHeaders.has(entry[0]) && !entry[0].startsWith(':')) yield entry;
}

function textMap(entries: Iterable<[string, string]>): Map<string, string> {
  const map = new Map<string, string>();
  for (const [name, value] of entries) {
    if (map.size >= maxEntries) break;
    map.set(name, cut(value));
  }
  return map;
}

/** A view of a map for look-ups alone. */
const orEmpty = (map: ReadonlyMap<string, string>): Map<string, string> =>
  Object.assign(new Map<string, string>(), { get: (name: string) => map.get(name) ?? '' });
