/** Two-way tables of Converse's words for kinds of files and their media types. Of several media types with one word the first one is written. */
class Formats {
  readonly #types = new Map<string, string>();
  readonly #words = new Map<string, string>();

  constructor(pairs: readonly (readonly [word: string, ...mediaTypes: [string, ...string[]]])[]) {
    for (const [word, first, ...others] of pairs) {
      this.#types.set(word, first);
      for (const type of [first, ...others]) this.#words.set(type, word);
    }
  }

  mediaType(word: string): string | undefined {
    return this.#types.get(word);
  }

  /** The word for a media type, whose parameters (`;charset=…`) say nothing here. */
  word(mediaType: string): string | undefined {
    const [type = ''] = mediaType.toLowerCase().split(';', 1);
    return this.#words.get(type.trim());
  }
}

/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ImageBlock.html */
export const imageFormats = new Formats([
  ['png', 'image/png'],
  ['jpeg', 'image/jpeg', 'image/jpg'],
  ['gif', 'image/gif'],
  ['webp', 'image/webp'],
]);

/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_DocumentBlock.html */
export const documentFormats = new Formats([
  ['pdf', 'application/pdf'],
  ['csv', 'text/csv'],
  ['doc', 'application/msword'],
  ['docx', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'],
  ['xls', 'application/vnd.ms-excel'],
  ['xlsx', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'],
  ['html', 'text/html'],
  ['txt', 'text/plain', 'application/json'],
  ['md', 'text/markdown'],
]);

/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_AudioBlock.html */
export const audioFormats = new Formats([
  ['mp3', 'audio/mpeg', 'audio/mp3'],
  ['wav', 'audio/wav', 'audio/x-wav', 'audio/wave'],
  ['flac', 'audio/flac'],
  ['aac', 'audio/aac'],
  ['m4a', 'audio/mp4', 'audio/m4a', 'audio/x-m4a'],
  ['ogg', 'audio/ogg'],
  ['opus', 'audio/opus'],
  ['webm', 'audio/webm'],
]);
