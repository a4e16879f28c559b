/** Codes of the admin API's errors, and the HTTP status of each. */
const statuses = {
  'invalid-request': 400,
  unauthorized: 401,
  forbidden: 403,
  'not-found': 404,
  'method-not-allowed': 405,
  conflict: 409,
  'body-too-large': 413,
  'not-json': 415,
  internal: 500,
  'store-unavailable': 503,
} as const;

/** What an admin asked for and cannot have; the message is a sentence that says what to do. */
export class AdminError extends Error {
  readonly code: keyof typeof statuses;

  constructor(code: keyof typeof statuses, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'AdminError';
    this.code = code;
  }

  get status(): number {
    return statuses[this.code];
  }
}
