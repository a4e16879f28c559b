/** Media types by the ending of a file's name. */
const types = new Map(
  Object.entries({
    png: 'image/png',
    jpg: 'image/jpeg',
    jpeg: 'image/jpeg',
    webp: 'image/webp',
    gif: 'image/gif',
    bmp: 'image/bmp',
    heic: 'image/heic',
    heif: 'image/heif',
    pdf: 'application/pdf',
    json: 'application/json',
    txt: 'text/plain',
    md: 'text/markdown',
    html: 'text/html',
    css: 'text/css',
    csv: 'text/csv',
    xml: 'text/xml',
    rtf: 'text/rtf',
  }),
);

/** What the name of a file at an address says of its type; undefined where it says nothing. */
export function mediaTypeOf(url: string): string | undefined {
  const [path = ''] = url.split(/[?#]/, 1);
  return types.get(/\.([a-z]+)$/i.exec(path)?.[1]?.toLowerCase() ?? '');
}
