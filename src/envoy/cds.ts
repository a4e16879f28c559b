import { rename, writeFile } from 'node:fs/promises';
import type { ConfigObject } from './typed.ts';

/** Replaces a file that Envoy watches: it sees the old one or the new one, never half of either. */
export async function writeWatchedFile(file: string, content: ConfigObject): Promise<void> {
  const beside = `${file}.new`;
  await writeFile(beside, JSON.stringify(content));
  await rename(beside, file);
}
