import type { PathFacts, Protocol } from './protocol.ts';

/**
 * The paths of a protocol whose body says everything but, at some addresses, the model: `{model}` in a pattern stands for one segment of the path, decoded.
 * Patterns are matched in their order.
 */
export function atPaths(...patterns: string[]): Pick<Protocol, 'clientPaths' | 'matchPath'> {
  return { clientPaths: patterns, matchPath: (path) => firstMatch(patterns, path) };
}

function firstMatch(patterns: readonly string[], path: string): PathFacts | undefined {
  for (const pattern of patterns) {
    const facts = matchPattern(pattern, path);
    if (facts !== undefined) return facts;
  }
  return undefined;
}

/** What a path says if it fits a pattern with at most one `{model}`, which fills one segment or, before a colon, the part of it up to there. */
export function matchPattern(pattern: string, path: string): PathFacts | undefined {
  const [before = '', after] = pattern.split('{model}');
  if (after === undefined) return path === pattern ? {} : undefined;
  if (!path.startsWith(before) || !path.endsWith(after) || path.length <= before.length + after.length) return undefined;
  const model = path.slice(before.length, path.length - after.length);
  return model.includes('/') ? undefined : { model: decoded(model) };
}

/** A segment of a path as it was meant; as it stands where its escapes are wrong. */
export function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
