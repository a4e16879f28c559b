import { UserError } from './user-error.ts';

/** Most sidecar processes of one host. */
const maxProcesses = 64;

/** The number of sidecar processes from the command line. Throws UserError where it is none. */
export function processCount(text: string): number {
  const count = /^\d{1,2}$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > maxProcesses) throw new UserError(`--processes takes a whole number from 1 to ${maxProcesses}, not "${text}".`);
  return count;
}
