/** One part of a form. */
export interface FormPart {
  name: string;
  filename: string | undefined;
  bytes: Buffer;
}

/** Reads a body of multipart/form-data (RFC 7578); undefined where it is none. */
export function readForm(contentType: string | undefined, body: Buffer): FormPart[] | undefined {
  const boundary = /^multipart\/form-data\s*;.*boundary="?([^";]+)"?/i.exec(contentType ?? '')?.[1];
  if (boundary === undefined) return undefined;
  const mark = Buffer.from(`--${boundary}`);
  const parts: FormPart[] = [];
  for (let at = body.indexOf(mark); at >= 0;) {
    const start = at + mark.length;
    if (body.toString('latin1', start, start + 2) === '--') return parts;
    const next = body.indexOf(mark, start);
    const headersEnd = body.indexOf('\r\n\r\n', start);
    if (next < 0 || headersEnd < 0 || headersEnd > next) return undefined;
    const headers = body.toString('utf8', start, headersEnd);
    const name = /content-disposition:[^\r\n]*[ ;]name="([^"]*)"/i.exec(headers)?.[1];
    if (name === undefined) return undefined;
    const filename = /content-disposition:[^\r\n]*filename="([^"]*)"/i.exec(headers)?.[1];
    parts.push({ name, filename, bytes: body.subarray(headersEnd + 4, next - 2) });
    at = next;
  }
  return undefined;
}

/** The text of a form's field; undefined where it has none. */
export const fieldOf = (parts: readonly FormPart[], name: string): string | undefined => parts.find((part) => part.name === name)?.bytes.toString();
