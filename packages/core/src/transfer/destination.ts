/** Where money may go: a wallet that was registered a day before anything is sent there. */

export interface Destination {
  readonly accountId: string;
  /** Base58: a wallet, never a token account. */
  readonly address: string;
  /** For people. */
  readonly label: string;
  readonly registeredBy: string;
  readonly registeredAt: Date;
  /** A day later: until then whoever registered it can be found out, and it can be revoked. */
  readonly usableAt: Date;
  /** Proof that it was registered with the withdraw key. */
  readonly authorization: string;
  readonly revokedBy: string | null;
  readonly revokedAt: Date | null;
}

/** As long as it takes until everybody has slept and looked once: a thief with the withdraw key has to wait it out in the open. */
export const DESTINATION_DELAY_MS = 24 * 60 * 60 * 1000;

/** By the row and by the clock: a row alone that says it is usable is not believed. */
export const isUsable = ({ registeredAt, usableAt, revokedAt }: Destination, now: Date): boolean =>
  revokedAt === null &&
  now.getTime() >= usableAt.getTime() &&
  now.getTime() - registeredAt.getTime() >= DESTINATION_DELAY_MS;
