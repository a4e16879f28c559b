import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder that only this user can read, for the sockets and files of one run. */
export interface RunDirectory {
  readonly path: string;
  remove(): Promise<void>;
}

/** macOS allows 103 bytes for the path of a Unix socket, Linux 107; a socket's own name takes up to 20. */
const longestDirectory = 80;

/** Makes the folder. It lies in the system's temporary folder, as a project's path may be too long for sockets. */
export async function createRunDirectory(temporary = tmpdir()): Promise<RunDirectory> {
  const prefix = join(temporary, 'remora-');
  const path = await mkdtemp(Buffer.byteLength(prefix) > longestDirectory - 6 ? '/tmp/remora-' : prefix);
  return {
    path,
    remove: () => rm(path, { recursive: true, force: true }),
  };
}
