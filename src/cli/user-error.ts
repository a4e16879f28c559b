/** Something that whoever runs a command can mend; the message is all they see of it. */
export class UserError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'UserError';
  }
}
