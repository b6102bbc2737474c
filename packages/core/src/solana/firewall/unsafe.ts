/**
 * A transaction that is not signed, and the rule that says so.
 *
 * Invariant: names of rules are API: they stand in answers, alarms and docs/firewall.md, and are never renamed.
 */

export const RULES = {
  message: "it is one message of version 0, written in the one way there is, with nothing before, between or behind",
  lookup_table: "every address that it looks up is in a table of our own node's",
  payer: "our wallet pays for it",
  signers: "our wallet alone signs it",
  program: "it calls the programs that a swap needs, and no others",
  compute_budget: "it sets its compute budget once",
  priority_fee: "it bids no more for its place than its kind of trade may",
  token_account: "it opens our own token accounts of the two mints, and no others",
  tip: "it transfers lamports to listed tip accounts only, and no more than the cap",
  memo: "it has one memo, its attempt's",
  assertion: "of Lighthouse it uses assertions only",
  one_swap: "it swaps exactly once",
  route: "its swap is an exact-in route of the venue, of steps that are known",
  amount_in: "it spends what the trade spends",
  recorded_minimum: "the least it accepts is what the attempt records",
  minimum_out: "the least it accepts is not below our own floor",
  platform_fee: "it pays no platform fee but the one that is configured",
  swap_accounts: "it swaps from our account of the one mint to our account of the other",
  own_account: "no other account of ours can be written",
  spent: "tried out, it spends no more than the trade does",
  received: "tried out, it brings at least its minimum",
  lamports: "tried out, it costs its fee and its tip: the rent of the accounts it opens is still ours",
  authority: "tried out, what is ours stays ours: owner, delegate and close authority are as they were",
} as const;

export type Rule = keyof typeof RULES;

/** Deny by default: what a rule does not allow ends here, with the rule's name and its values. */
export class Unsafe extends Error {
  readonly rule: Rule;

  constructor(rule: Rule, reason: string) {
    super(reason);
    this.name = "Unsafe";
    this.rule = rule;
  }
}
