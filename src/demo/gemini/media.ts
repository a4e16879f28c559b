/** Media that the models read (https://ai.google.dev/gemini-api/docs/file-input-methods): no GIF, but text of many kinds. */
const subtypes: Readonly<Record<string, readonly string[]>> = {
  image: ['png', 'jpeg', 'webp', 'heic', 'heif', 'bmp'],
  audio: ['wav', 'x-wav', 'mp3', 'mpeg', 'aiff', 'aac', 'ogg', 'flac', 'm4a', 'mp4', 'opus', 'webm', 'pcm', 'l16'],
  video: ['mp4', 'mpeg', 'mov', 'quicktime', 'avi', 'x-flv', 'mpg', 'webm', 'wmv', '3gpp'],
  text: ['plain', 'html', 'css', 'csv', 'xml', 'rtf', 'javascript', 'markdown', 'md'],
  application: ['pdf', 'json'],
};

/** Whether a MIME type, with or without parameters, is one that the models read. */
export function isMediaType(mimeType = ''): boolean {
  const [type = '', subtype = ''] = mimeType.toLowerCase().split(/[/;]/, 2);
  return Object.hasOwn(subtypes, type) && Boolean(subtypes[type]?.includes(subtype));
}
