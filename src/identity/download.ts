/** Gets a text of an identity provider by its address. Rejects where there is none to be had. */
export type Download = (url: URL) => Promise<string>;

/** Most bytes of a document. */
const maxBytes = 1 << 20;

/** What gets documents until a signal aborts: JSON of status 200 and up to a mebibyte, from the very address that is given, never from one that it leads to. */
export const downloader =
  (fetch: typeof globalThis.fetch, signal: AbortSignal): Download =>
  async (url) => {
    const response = await fetch(url, { headers: { accept: 'application/json, application/jwk-set+json' }, redirect: 'error', signal });
    const chunks: Uint8Array[] = [];
    const body: AsyncIterable<Uint8Array> | Iterable<Uint8Array> = response.body ?? [];
    let length = 0;
    for await (const chunk of body) {
      length += chunk.length;
      if (length > maxBytes) throw new Error(`${url.href} sent more than ${maxBytes} bytes`);
      chunks.push(chunk);
    }
    if (response.status !== 200) throw new Error(`${url.href} answered with status ${response.status}`);
    return Buffer.concat(chunks).toString();
  };
