/** A question that cannot be answered as it was put; the message is a sentence that says what to do. */
export class QueryError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'QueryError';
  }
}
