/** Prompts below this are not cached (https://platform.openai.com/docs/guides/prompt-caching). */
const minCachedBytes = 4 * 1024;

/** The beginning of a prompt (tools and instructions) that is cached of itself, where it is long enough. */
export function cachedPrefixes(beginning: unknown): string[] {
  const prefix = JSON.stringify(beginning);
  return prefix.length >= minCachedBytes ? [prefix] : [];
}
