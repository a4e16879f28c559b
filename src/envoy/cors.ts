import { type ConfigObject, extension, typed } from './typed.ts';

/** Callers in browsers. */
export interface CorsOptions {
  /** Origins of pages that may call, or `*` for all. */
  origins: readonly string[];
}

/** Answers preflight requests before anything else sees them: they carry no key. */
export const corsFilter: ConfigObject = extension('envoy.filters.http.cors', 'envoy.extensions.filters.http.cors.v3.Cors');

/** What pages of these origins may send and read. No cookies: a key is what identifies a caller. */
export const corsPolicy = ({ origins }: CorsOptions): ConfigObject => ({
  'envoy.filters.http.cors': typed('envoy.extensions.filters.http.cors.v3.CorsPolicy', {
    allow_origin_string_match: origins.includes('*') ? [{ safe_regex: { regex: '.*' } }] : origins.map((exact) => ({ exact })),
    allow_methods: 'GET, POST, DELETE, OPTIONS',
    // What the vendors' SDKs send from a browser. `*` would leave `authorization` out (Fetch standard, "CORS non-wildcard request-header name").
    allow_headers: allowedHeaders.join(', '),
    expose_headers: exposedHeaders.join(', '),
    max_age: '600',
  }),
});

const allowedHeaders = [
  'authorization',
  'content-type',
  'accept',
  'x-api-key',
  'api-key',
  'x-goog-api-key',
  'x-goog-api-client',
  'anthropic-version',
  'anthropic-beta',
  'anthropic-dangerous-direct-browser-access',
  'openai-organization',
  'openai-project',
  'openai-beta',
  'x-remora-strict',
  ...['arch', 'lang', 'os', 'package-version', 'runtime', 'runtime-version', 'retry-count', 'timeout', 'helper-method', 'poll-helper'].map(
    (name) => `x-stainless-${name}`,
  ),
];

const exposedHeaders = [
  'x-request-id',
  'request-id',
  'retry-after',
  'x-should-retry',
  'x-remora-request-id',
  'x-remora-deployment',
  'x-remora-attempts',
  'x-remora-warnings',
  'x-remora-error',
];
