/** What each error code means: its HTTP status and whether the same request may work if sent again. */
export const catalog = {
  'invalid-json': { status: 400, retryable: false, meaning: 'The body is not JSON, is nested too deep, or names a field we read twice.' },
  'invalid-request': { status: 400, retryable: false, meaning: 'A field is missing or has the wrong type.' },
  'not-carried': {
    status: 400,
    retryable: false,
    meaning:
      'The request asks for something that no deployment of the model can be given, and was sent as strict, or is of a kind that the model does not serve.',
  },
  'not-capable': {
    status: 400,
    retryable: false,
    meaning: 'No deployment of the model can do what the request needs: its length, images, tools, a JSON schema, audio, dimensions of vectors.',
  },
  'unreadable-content': {
    status: 400,
    retryable: false,
    meaning: 'Personal data is redacted for the tenant, and the request holds text in a form that cannot be read, such as tokens.',
  },
  'missing-key': { status: 401, retryable: false, meaning: 'No virtual key was sent.' },
  'invalid-key': { status: 401, retryable: false, meaning: 'The virtual key is not one of ours, or was removed.' },
  'key-expired': { status: 401, retryable: false, meaning: 'The time of the virtual key is over, or it was replaced by a newer one.' },
  'invalid-token': {
    status: 401,
    retryable: false,
    meaning: 'The token (JWT) is none that is taken here: its issuer, audience, signature or time is wrong.',
  },
  'key-disabled': { status: 403, retryable: false, meaning: 'The virtual key is disabled, or its tenant is not in the config.' },
  'network-not-allowed': { status: 403, retryable: false, meaning: 'The virtual key may not be used from the network that the request comes from.' },
  'unknown-caller': {
    status: 403,
    retryable: false,
    meaning: 'The token, certificate or header of the caller is good, but the config leads from it to no tenant.',
  },
  'own-key-refused': {
    status: 403,
    retryable: false,
    meaning: "The request brings a provider's key, and its tenant may not, the provider takes none, or whose it is cannot be told.",
  },
  'model-not-allowed': { status: 403, retryable: false, meaning: 'The tenant may not use this model.' },
  'not-permitted': {
    status: 403,
    retryable: false,
    meaning:
      "No deployment of the model may serve the request: residency, region, self-hosting, a rule or the tenant's list of models rule all of them out.",
  },
  'pass-through-refused': {
    status: 403,
    retryable: false,
    meaning: 'An endpoint that is passed through unread, and the tenant may not call it, or nobody is set to serve it.',
  },
  'unpriced-model': { status: 403, retryable: false, meaning: 'The tenant has a budget and a deployment of this model has no known price.' },
  'model-not-found': { status: 404, retryable: false, meaning: 'The config declares no such model.' },
  'stored-not-found': {
    status: 404,
    retryable: false,
    meaning: 'An id that names nothing the tenant has stored at a provider: unknown, changed, or given to somebody else.',
  },
  'unknown-endpoint': { status: 404, retryable: false, meaning: 'The path is none that this gateway serves.' },
  'method-not-allowed': { status: 405, retryable: false, meaning: 'The endpoint takes POST only.' },
  'request-timeout': { status: 408, retryable: true, meaning: 'The request did not arrive in time.' },
  'body-too-large': { status: 413, retryable: false, meaning: 'The body is larger than the gateway accepts.' },
  'budget-exceeded': { status: 429, retryable: false, meaning: 'The request may cost more than is left of the tenant budget.' },
  'rate-limited': {
    status: 429,
    retryable: true,
    meaning:
      'A limit of requests or tokens per time is reached: of the tenant, the key, the user, the model or the provider; `retry-after` says when to come back.',
  },
  'too-many-failures': {
    status: 429,
    retryable: false,
    meaning: 'Many requests with wrong keys or tokens came from the same address of late; requests with a good one pass.',
  },
  'too-many-requests': {
    status: 429,
    retryable: true,
    meaning:
      'As many requests are under way, in all, at the providers of the model, or of the tenant, key or user, as the config allows; `retry-after` says when to come back.',
  },
  internal: { status: 500, retryable: false, meaning: 'A bug in the gateway; the log has its stack.' },
  'provider-credential': { status: 502, retryable: false, meaning: 'The provider refused the credential of the gateway (401, 402 or 403).' },
  'provider-error': { status: 502, retryable: true, meaning: 'The provider answered something that cannot be read.' },
  'provider-cut': { status: 502, retryable: true, meaning: 'The answer of the provider ended before it was complete.' },
  'provider-unreachable': { status: 503, retryable: true, meaning: 'No deployment of the model could be reached.' },
  'deployments-resting': {
    status: 503,
    retryable: true,
    meaning: 'Every deployment of the model failed or was limited of late and is given a rest; `retry-after` says for how long.',
  },
  'gateway-unavailable': { status: 503, retryable: true, meaning: 'The gateway cannot handle the attempt now.' },
  overloaded: {
    status: 503,
    retryable: true,
    meaning: 'The gateway holds as many bytes of requests and answers as its config allows; `retry-after` says when to come back.',
  },
  'provider-timeout': { status: 504, retryable: true, meaning: 'No deployment answered in time.' },
} as const satisfies Record<string, { status: number; retryable: boolean; meaning: string }>;

export type ErrorCode = keyof typeof catalog;

/** The one error that reaches a client: a code of the catalogue, a sentence that says what to do, and where it can be told, the field at fault. */
export class GatewayError extends Error {
  readonly code: ErrorCode;
  /** Path of the field at fault in the client's body, such as `messages[2].content`. */
  readonly field: string | undefined;
  /** When the same request may work, in whole seconds from now; undefined where that cannot be told. */
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ErrorCode, message: string, options: { field?: string; retryAfterSeconds?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'GatewayError';
    this.code = code;
    this.field = options.field;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }

  get status(): number {
    return catalog[this.code].status;
  }

  get retryable(): boolean {
    return catalog[this.code].retryable;
  }
}
