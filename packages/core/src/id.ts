/** Ids: a prefix that says what they name, and a ULID that sorts by time. What may be replayed has a derived id instead. */
export type IdPrefix = "acc" | "trd" | "evl" | "tfr";

export interface Ids {
  next(prefix: IdPrefix): string;
}
