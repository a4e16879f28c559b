/** Environment variables by name, as the config's `${VAR}` see them. */
export type Variables = Readonly<Record<string, string | undefined>>;

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
type LogLevel = (typeof logLevels)[number];

/** What Remora takes from its environment beside the config. */
export interface Environment {
  variables: Variables;
  /** `$ENVOY`: the Envoy binary to run; undefined to look for one. */
  envoyPath: string | undefined;
  /** `$PATH`, its folders in order. */
  searchPath: readonly string[];
  /** `$REMORA_LOG_LEVEL`: the least severe log lines that are written; `info` where it is unset or no level. */
  logLevel: LogLevel;
}

/** Reads the environment. This is the one place that touches `process.env`. */
export function readEnvironment(variables: Variables = process.env): Environment {
  return {
    variables,
    envoyPath: variables['ENVOY'] === '' ? undefined : variables['ENVOY'],
    searchPath: (variables['PATH'] ?? '').split(':').filter((folder) => folder !== ''),
    logLevel: logLevels.find((level) => level === variables['REMORA_LOG_LEVEL']) ?? 'info',
  };
}
