/** An account: one wallet, and what is done with it. A wallet belongs to one account. */
export interface Account {
  readonly accountId: string;
  /** Base58 address of the wallet. */
  readonly wallet: string;
}
