/** Longest name of a document, in characters. Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_DocumentBlock.html */
const maxLength = 200;

/** Names of a request's documents as the API takes them: letters, digits, single blanks, hyphens and brackets, and no two alike. */
export class DocumentNames {
  readonly #taken = new Set<string>();

  of(given: string | undefined): string {
    const plain = (given ?? '')
      .replaceAll(/[^a-zA-Z0-9\s\-()[\]]/g, ' ')
      .replaceAll(/\s+/g, ' ')
      .trim();
    const base = plain.slice(0, maxLength - 5).trim() || 'Document';
    let name = base;
    for (let count = 2; this.#taken.has(name); count++) name = `${base} ${count}`;
    this.#taken.add(name);
    return name;
  }
}
