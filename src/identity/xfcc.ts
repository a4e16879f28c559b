/** Names of a client's certificate as a proxy has verified it; undefined for what it does not have. */
export interface ClientCertificate {
  /** The one SPIFFE id. */
  spiffe: string | undefined;
  dns: string | undefined;
  subject: string | undefined;
}

/** Longest header that is read, in characters. */
const maxLength = 32_768;
const maxFields = 1000;

interface Field {
  /** Lower-case. */
  name: string;
  value: string;
}

/**
 * The certificate that the nearest proxy has verified, from `x-forwarded-client-cert`; undefined where the header cannot be read.
 * Proxies append an element each, so the last one is that of whoever connected to us; those before it are what somebody further off has said.
 * https://www.envoyproxy.io/docs/envoy/v1.40.0/configuration/http/http_conn_man/headers#x-forwarded-client-cert
 */
export function readForwardedCertificate(header: string): ClientCertificate | undefined {
  const fields = lastElement(header);
  if (fields === undefined || fields.length === 0) return undefined;
  const values = (name: string): string[] => fields.flatMap((field) => (field.name === name ? [field.value] : []));
  return { spiffe: spiffeId(values('uri')), dns: values('dns')[0], subject: values('subject')[0] };
}

/** The SPIFFE id among URIs of a certificate. One with several URIs is no SVID: https://spiffe.io/docs/latest/spiffe-specs/x509-svid/ */
export function spiffeId(uris: readonly string[]): string | undefined {
  const [uri, another] = uris;
  return uri !== undefined && another === undefined && uri.startsWith('spiffe://') ? uri : undefined;
}

/**
 * The fields of the last element. The whole header is read strictly, from its beginning: a quote that a caller has left open in an earlier element
 * makes it unreadable, and never part of a value.
 */
function lastElement(header: string): Field[] | undefined {
  if (header.length > maxLength) return undefined;
  let fields: Field[] = [];
  let count = 0;
  let at = 0;
  for (;;) {
    const equals = header.indexOf('=', at);
    const name = header.slice(at, equals).trim().toLowerCase();
    if (equals === -1 || !/^[a-z]{1,16}$/.test(name) || ++count > maxFields) return undefined;
    const read = readValue(header, equals + 1);
    if (read === undefined) return undefined;
    fields.push({ name, value: read.value });
    const end = header[read.end];
    if (end === undefined) return fields;
    if (end === ',') fields = [];
    else if (end !== ';') return undefined;
    at = read.end + 1;
  }
}

/** A value, quoted or not, and where it ends. Undefined where a quote stands where none may, or is never closed. */
function readValue(header: string, from: number): { value: string; end: number } | undefined {
  if (header[from] !== '"') {
    let end = from;
    while (end < header.length && header[end] !== ';' && header[end] !== ',') if (header[end++] === '"') return undefined;
    return { value: header.slice(from, end).trim(), end };
  }
  let value = '';
  for (let at = from + 1; at < header.length; at++) {
    const letter = header[at];
    if (letter === '"') return { value, end: skipSpaces(header, at + 1) };
    if (letter === '\\' && header[at + 1] === '"') at++;
    value += header[at];
  }
  return undefined;
}

function skipSpaces(text: string, from: number): number {
  let at = from;
  while (text[at] === ' ') at++;
  return at;
}
