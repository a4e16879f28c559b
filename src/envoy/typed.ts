/** A value of Envoy's config in its JSON form. Fields that are undefined are left out. */
export type ConfigValue = string | number | boolean | undefined | readonly ConfigValue[] | ConfigObject;

/** An object of Envoy's config in its JSON form, fields named as in the proto files. */
export interface ConfigObject {
  readonly [field: string]: ConfigValue;
}

/** A message of protobuf type `Any`: the object with its type's name, such as `envoy.config.cluster.v3.Cluster`. */
export const typed = (type: string, fields: ConfigObject = {}): ConfigObject => ({ '@type': `type.googleapis.com/${type}`, ...fields });

/** An extension as lists of filters, matchers and the like want it. */
export const extension = (name: string, type: string, fields: ConfigObject = {}): ConfigObject => ({ name, typed_config: typed(type, fields) });

/** A protobuf Duration. */
export const duration = (milliseconds: number): string => `${milliseconds / 1000}s`;

/** Circuit breakers out of the way: Envoy's defaults are 1,024 requests and 3 retries at a time, and limits are the policies' work. */
export const unlimitedCircuitBreakers: ConfigObject = {
  thresholds: [{ max_connections: 0xffffffff, max_pending_requests: 0xffffffff, max_requests: 0xffffffff, max_retries: 0xffffffff }],
};
