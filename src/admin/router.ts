import { AdminError } from './admin-error.ts';

/** What a route is asked. */
export interface AdminRequest {
  /** Values of the path's `{names}`. */
  params: ReadonlyMap<string, string>;
  query: URLSearchParams;
  /** The JSON body; undefined where there is none. */
  body: unknown;
  /** Who asks, for the audit: a name that the admin gave, or `api`. */
  by: string;
}

export interface Answer {
  status: number;
  contentType: string;
  text: string;
}

/** One thing that can be asked. */
export interface Route {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Such as `/api/keys/{id}`; a name stands for one segment. */
  path: string;
  answer(request: AdminRequest): Answer | Promise<Answer>;
}

export const json = (value: unknown, status = 200): Answer => ({ status, contentType: 'application/json', text: `${JSON.stringify(value)}\n` });

export const plain = (text: string, status = 200): Answer => ({ status, contentType: 'text/plain', text });

/** A path of ours: what is answered there, by method. */
export interface Match {
  methods: ReadonlyMap<string, Route>;
  params: ReadonlyMap<string, string>;
}

/** Finds the routes of a path. Throws AdminError `not-found` where there are none. */
export function createRouter(routes: readonly Route[]): (path: string) => Match {
  const paths = [...new Set(routes.map(({ path }) => path))];
  const places = paths.map((path) => ({
    segments: path.split('/'),
    methods: new Map(routes.flatMap((route) => (route.path === path ? [[route.method, route] as const] : []))),
  }));
  return (path) => {
    const segments = path.split('/');
    for (const place of places) {
      const params = matched(place.segments, segments);
      if (params !== undefined) return { methods: place.methods, params };
    }
    throw new AdminError('not-found', `There is no ${path.slice(0, 200)} here. Served are: ${paths.join(', ')}.`);
  };
}

function matched(pattern: readonly string[], segments: readonly string[]): Map<string, string> | undefined {
  if (pattern.length !== segments.length) return undefined;
  const params = new Map<string, string>();
  for (const [index, expected] of pattern.entries()) {
    const segment = segments[index] ?? '';
    if (!expected.startsWith('{')) {
      if (segment !== expected) return undefined;
      continue;
    }
    const value = decoded(segment);
    if (value === undefined || value === '') return undefined;
    params.set(expected.slice(1, -1), value);
  }
  return params;
}

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
