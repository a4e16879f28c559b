import { isEscapeLetter } from './digits.ts';
import type { Find } from './find.ts';

/** RFC 5321, section 4.5.3.1: longest local part and domain. RFC 1035, section 2.3.4: longest label. */
const maxLocal = 64;
const maxDomain = 255;
const maxLabel = 63;

/** Less than RFC 5321 allows: a slash, a query's signs and markup around an address are no part of it. */
const localAscii = /[\w!#$%'+=^~.-]/;
const neverFirst = /[!#$%'=^~.-]/;
const labelAscii = /[a-z\d-]/i;
const beyondAscii = /[\p{L}\p{M}\p{Nd}]/u;
/** Scripts that put no space between words: an address ends where one of them begins. */
const unspaced = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
/** Endings of file names that are no top-level domains: `icon@2x.png` is no address. */
const fileEndings = new Set([
  'png',
  'jpg',
  'jpeg',
  'gif',
  'webp',
  'svg',
  'css',
  'js',
  'mjs',
  'ts',
  'tsx',
  'jsx',
  'json',
  'html',
  'xml',
  'yaml',
  'yml',
  'pdf',
  'txt',
]);

/**
 * E-mail addresses of the form local@domain.tld: points, plus signs, sub-domains, letters of other scripts on both sides (EAI, IDN), `xn--` names, `%40` for `@`.
 * Not found: quoted local parts, addresses at a bare host or an IP address, an `@` in words, file names such as `icon@2x.png`.
 * `text` must be folded. Each `@` costs at most the longest address.
 */
export function findEmails(text: string): Find[] {
  const finds: Find[] = [];
  let behind = 0;
  for (const { 0: sign, index: at } of text.matchAll(/@|%40/g)) {
    const end = domainEnd(text, at + sign.length);
    const start = end === undefined ? undefined : localStart(text, at, behind);
    if (end === undefined || start === undefined) continue;
    finds.push({ type: 'email', start, end, digits: '', sure: true });
    behind = end;
  }
  return finds;
}

/** Where the local part that ends before `at` begins. */
function localStart(text: string, at: number, floor: number): number | undefined {
  if (text[at - 1] === '.') return undefined;
  const lowest = Math.max(floor, at - maxLocal - 1);
  const mayBeUnspaced = isUnspaced(text, at - 1);
  let start = at;
  while (start > lowest && isLocal(text, start - 1, mayBeUnspaced)) start--;
  if (start < at && isEscapeLetter(text, start)) start++;
  const points = text.slice(start, at).lastIndexOf('..'); // a leader, as in a table of contents
  if (points !== -1) start += points + 2;
  start = behindFieldName(text, start, at);
  while (start < at && neverFirst.test(text.charAt(start))) start++;
  return start === at || at - start > maxLocal ? undefined : start;
}

/** A name and an equals sign before an address are a field of a query; behind a plus sign they are part of a return path (`bounce+ann=x.com@list.org`). */
function behindFieldName(text: string, start: number, at: number): number {
  const local = text.slice(start, at);
  const equals = local.lastIndexOf('=');
  return equals === -1 || local.lastIndexOf('+', equals) !== -1 ? start : start + equals + 1;
}

function isLocal(text: string, at: number, mayBeUnspaced: boolean): boolean {
  const character = text.charAt(at);
  return character < '\x80' ? localAscii.test(character) : isBeyondAscii(text, at, mayBeUnspaced);
}

/** Where the domain that begins at `from` ends: at the last of its labels that can be a top-level domain. */
function domainEnd(text: string, from: number): number | undefined {
  const highest = Math.min(text.length, from + maxDomain);
  let end: number | undefined;
  for (let label = from; ;) {
    const stop = labelEnd(text, label, highest);
    if (stop === undefined) return end;
    if (label !== from && isTopLevel(text.slice(label, stop))) end = stop;
    if (text[stop] !== '.') return end;
    label = stop + 1;
  }
}

/** Where the label that begins at `from` ends, hyphens behind it left out; undefined where none begins. */
function labelEnd(text: string, from: number, highest: number): number | undefined {
  const mayBeUnspaced = isUnspaced(text, from);
  let end = from;
  while (end < highest && isLabel(text, end, mayBeUnspaced)) end++;
  if (end - from > maxLabel || text[from] === '-') return undefined;
  while (end > from && text[end - 1] === '-') end--;
  return end === from ? undefined : end;
}

function isLabel(text: string, at: number, mayBeUnspaced: boolean): boolean {
  const character = text.charAt(at);
  return character < '\x80' ? labelAscii.test(character) : isBeyondAscii(text, at, mayBeUnspaced);
}

function isTopLevel(label: string): boolean {
  if (/^xn--[a-z\d-]+$/i.test(label)) return true;
  return /^[\p{L}\p{M}]{2,}$/u.test(label) && !fileEndings.has(label.toLowerCase());
}

const isBeyondAscii = (text: string, at: number, mayBeUnspaced: boolean): boolean =>
  beyondAscii.test(text.charAt(at)) && (mayBeUnspaced || !isUnspaced(text, at));

const isUnspaced = (text: string, at: number): boolean => text.charCodeAt(at) > 0x7f && unspaced.test(text.charAt(at));
