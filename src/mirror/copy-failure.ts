/**
 * Why a copy has no answer. `not-written`: the request cannot be given to the deployment. `credential`: there is none for it now, or the provider refused it. `unreachable`: no connection.
 * `timeout`: the answer took too long. `status`: the provider answered an error. `error`: it said one in an answer with a good status. `unreadable`: what it answered is no answer of its protocol.
 * `cut`: it ended its answer before that was complete. `broken`: the connection broke. `too-large`, `no-memory`: the answer is larger than is read, or than there is room for.
 * `closed`: the gateway closes. `internal`: a bug of ours.
 */
export type CopyFailureKind =
  | 'not-written'
  | 'credential'
  | 'unreachable'
  | 'timeout'
  | 'status'
  | 'error'
  | 'unreadable'
  | 'cut'
  | 'broken'
  | 'too-large'
  | 'no-memory'
  | 'closed'
  | 'internal';

/** Ends a copy. The message is for the platform team. */
export class CopyFailure extends Error {
  readonly kind: CopyFailureKind;

  constructor(kind: CopyFailureKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CopyFailure';
    this.kind = kind;
  }
}
