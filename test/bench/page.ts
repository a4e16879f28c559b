import { readFileSync, writeFileSync } from 'node:fs';

/** Puts sections between the markers `<!-- NAME: begin -->` and `<!-- NAME: end -->` of a page. Throws where it lacks them. */
export function writePage(path: string, name: string, sections: readonly string[]): void {
  const page = readFileSync(path, 'utf8');
  const [begin, end] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from === -1 || to < from) throw new Error(`${path} lacks the markers ${begin} and ${end}`);
  writeFileSync(path, `${page.slice(0, from + begin.length)}\n\n${sections.join('\n\n')}\n\n${page.slice(to)}`);
}
