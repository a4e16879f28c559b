import type { Warning } from './request.ts';

/** Most characters of warnings in a header; what is more is counted. */
const maxLength = 1000;

/** Warnings as a header value: `field (detail), …`, in ASCII. Empty where there are none. */
export function warningHeader(warnings: readonly Warning[]): string {
  let text = '';
  for (const [index, { field, detail }] of warnings.entries()) {
    const next = `${text === '' ? '' : ', '}${ascii(field)} (${ascii(detail)})`;
    if (text.length + next.length > maxLength) return `${text}, and ${warnings.length - index} more`;
    text += next;
  }
  return text;
}

const ascii = (text: string): string => text.replaceAll(/[^\x20-\x7e]/g, '?');
