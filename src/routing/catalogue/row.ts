/**
 * What is known of a model: its name, most tokens of input and output together and of output (0 where nobody says),
 * what it can take or do and what it cannot, as words of `Capabilities` with spaces between.
 */
export type CatalogueRow = readonly [key: string, contextTokens: number, outputTokens: number, can: string, cannot: string];
