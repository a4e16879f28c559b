export interface Column {
  title: string;
  /** Numbers stand at the right. */
  align?: 'right';
}

/** A table for people, with a space or two between columns. What breaks lines or speaks to terminals is shown as `?`. */
export function textTable(columns: readonly Column[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = [columns.map(({ title }) => title), ...rows.map((row) => row.map((cell) => String(cell).replaceAll(/\p{C}/gu, '?')))];
  const widths = columns.map((_, index) => cells.reduce((widest, row) => Math.max(widest, lengthOf(row[index] ?? '')), 0));
  const padded = (text: string, index: number): string => {
    const gap = ' '.repeat(Math.max(0, (widths[index] ?? 0) - lengthOf(text)));
    return columns[index]?.align === 'right' ? gap + text : text + gap;
  };
  return cells.map((row) => `${row.map(padded).join('  ').trimEnd()}\n`).join('');
}

const lengthOf = (text: string): number => Array.from(text).length;
