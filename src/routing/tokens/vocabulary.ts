/** A byte-pair vocabulary: the ranks of tokens by their bytes, written as a string of one character per byte. The lower of two ranks merges first. */
export interface Vocabulary {
  ranks: ReadonlyMap<string, number>;
  /** Ranks of the tokens of two bytes, by the first byte x 256 + the second; `noRank` where there is no such token. */
  pairs: Int32Array;
}

/** Above every rank. */
export const noRank = 0x7fff_ffff;

let loading: Promise<void> | undefined;
let loaded: Vocabulary | undefined;

/**
 * Reads OpenAI's vocabulary `o200k_base`: a third of a second and about 70 MiB, once for the process.
 * To be awaited before the first request: until the vocabulary is there, tokens are estimated by size, for no request waits for it.
 */
export async function loadTokenizer(): Promise<void> {
  loading ??= read();
  await loading;
}

async function read(): Promise<void> {
  const { default: tokens } = await import('gpt-tokenizer/bpeRanks/o200k_base');
  loaded = toVocabulary(tokens);
}

/** The vocabulary; undefined until it has been read. */
export const vocabulary = (): Vocabulary | undefined => loaded;

function toVocabulary(tokens: readonly (string | readonly number[])[]): Vocabulary {
  const ranks = new Map<string, number>();
  const pairs = new Int32Array(256 * 256).fill(noRank);
  // Some ranks are unused: `forEach` passes over the holes of the list.
  tokens.forEach((token, rank) => {
    const bytes = typeof token === 'string' ? bytesOf(token) : String.fromCharCode(...token);
    ranks.set(bytes, rank);
    if (bytes.length === 2) pairs[bytes.charCodeAt(0) * 256 + bytes.charCodeAt(1)] = rank;
  });
  return { ranks, pairs };
}

const beyondAscii = /[^\0-\u007f]/;

/** The UTF-8 bytes of a text, one character for each. */
export const bytesOf = (text: string): string => (beyondAscii.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text);
