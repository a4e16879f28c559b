/** Envoy cannot be found, configured, started or kept running. The message is one sentence for the operator and says what to do. */
export class EnvoyError extends Error {
  constructor(message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = 'EnvoyError';
  }
}
