import type { RecordedRequest } from '../../src/demo/journal.ts';

/** Everything of a request that a provider could read: its line, its headers and its body. */
export const allBytes = ({ path, rawHeaders, body }: RecordedRequest): string => [path, ...rawHeaders, body.toString()].join('\n');

/**
 * Which of these originals stand in a text, in any form that a reader of JSON, JSON within JSON, or URLs would take for them:
 * with escapes of every kind, and numbers also with other separators or none.
 */
export function leaked(text: string, originals: readonly string[]): string[] {
  const forms = unescapedForms(text);
  const digits = forms.map((form) => form.replaceAll(/[^\p{L}\p{N}]/gu, '').toLowerCase());
  return originals.filter((original) => {
    if (forms.some((form) => form.toLowerCase().includes(original.toLowerCase()))) return true;
    const packed = original.replaceAll(/[^\p{L}\p{N}]/gu, '').toLowerCase();
    return digits.some((form) => form.includes(packed));
  });
}

/** The text with one more layer of escapes taken off each time, until none is left. */
function unescapedForms(text: string): string[] {
  const forms = [text];
  for (let last = text; forms.length < 8; forms.push(last)) {
    const next = unescaped(last);
    if (next === last) break;
    last = next;
  }
  return forms;
}

const letters: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' };

const unescaped = (text: string): string =>
  text
    .replaceAll(/\\(?:u([0-9a-fA-F]{4})|(.))/gsu, (_, hex: string | undefined, letter: string | undefined) =>
      hex === undefined ? (letters[letter ?? ''] ?? letter ?? '') : String.fromCharCode(Number.parseInt(hex, 16)),
    )
    .replaceAll(/%[0-9a-fA-F]{2}/g, (code) => String.fromCharCode(Number.parseInt(code.slice(1), 16)));
