/** One warning or error of Envoy. */
export interface EnvoyLogLine {
  level: 'warn' | 'error';
  /** Envoy's name for the part that speaks, such as `upstream`; empty for lines that are not from its log. */
  component: string;
  message: string;
}

/** Value of Envoy's --log-format: one JSON object per line (Envoy's own pattern flag %j escapes the message). */
export const logFormat = '{"level":"%l","component":"%n","message":"%j"}';

/** Reads a line that Envoy wrote. What is not from its log, such as a sanitizer's last words, counts as an error. */
export function readLogLine(line: string): EnvoyLogLine {
  try {
    const parsed: unknown = JSON.parse(line);
    if (isLogged(parsed))
      return { level: parsed.level === 'warning' ? 'warn' : 'error', component: parsed.component, message: withoutDump(parsed.message) };
  } catch {
    // Not JSON: passed on as it is.
  }
  return { level: 'error', component: '', message: line };
}

const isLogged = (value: unknown): value is { level: string; component: string; message: string } =>
  typeof value === 'object' && value !== null && 'level' in value && 'component' in value && 'message' in value && typeof value.message === 'string';

/** One line without the dump of the whole config that Envoy puts before or behind its reason. */
function withoutDump(message: string): string {
  const said = /Proto constraint validation failed.*$/s.exec(message)?.[0] ?? message.replace(/:?\s*(: \{\n|goo\.gle\/debug).*$/s, '');
  return said.replaceAll(/\s+/g, ' ').trim();
}
