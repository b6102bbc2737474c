/** Structured log lines: a name, and fields that are safe to keep. Never a key, a message to sign, or an address with a token in it. */
export interface Log {
  info(event: string, fields?: Readonly<Record<string, unknown>>): void;
  error(event: string, error: unknown, fields?: Readonly<Record<string, unknown>>): void;
}
