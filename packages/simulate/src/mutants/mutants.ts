/** All mutants, in the order in which they are shown. */
import {
  erroredAtConfirmed,
  noFirewall,
  noUniqueAttempt,
  retryOnTimeout,
  sendBeforeRecord,
  signatureNotStored,
  signUnwanted,
} from "./attempts.ts";
import { deliveredBeforeTaken, eventsAtOnce, outboxOutside, shortageInFlight } from "./books.ts";
import {
  answerUnread,
  armNotTold,
  claimWithoutCondition,
  exitIdNotDerived,
  leaseAsLock,
  triggerNotLatched,
  wakeUpAfter,
} from "./claims.ts";
import type { Mutant } from "./mutant.ts";
import {
  closeAtConfirmed,
  expiryByAnotherNode,
  expiryByClock,
  expiryByProcessedHeight,
  fillAtProcessed,
  fillFromQuote,
  forkIgnored,
  noHistory,
  slotForHeight,
} from "./proof.ts";

export const MUTANTS: readonly Mutant[] = [
  sendBeforeRecord,
  signatureNotStored,
  signUnwanted,
  noFirewall,
  noUniqueAttempt,
  retryOnTimeout,
  erroredAtConfirmed,
  expiryByClock,
  expiryByProcessedHeight,
  expiryByAnotherNode,
  slotForHeight,
  noHistory,
  fillAtProcessed,
  fillFromQuote,
  closeAtConfirmed,
  forkIgnored,
  leaseAsLock,
  claimWithoutCondition,
  exitIdNotDerived,
  triggerNotLatched,
  answerUnread,
  armNotTold,
  wakeUpAfter,
  outboxOutside,
  shortageInFlight,
  deliveredBeforeTaken,
  eventsAtOnce,
];
