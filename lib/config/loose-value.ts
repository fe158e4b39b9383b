export type Loose = Readonly<Record<string, unknown>>;

/** The object, or an empty one where something else stands: that is the schema's to report. */
export function loose(value: unknown): Loose {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Loose) : {};
}
