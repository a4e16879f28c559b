import { UserError } from './user-error.ts';

/** A number of seconds from the command line. */
export function seconds(text: string, option: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0) throw new UserError(`${option} takes a number of seconds, not "${text}".`);
  return value;
}
