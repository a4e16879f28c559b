/** Envoy's attributes of a request and its connection, by name. */
export type Attributes = ReadonlyMap<string, string | number>;

/** The part of a request that tells who calls. */
export interface Opening {
  /** By lower-case name; where one stands several times, joined by `, `. */
  headers: ReadonlyMap<string, string>;
  attributes: Attributes;
}
