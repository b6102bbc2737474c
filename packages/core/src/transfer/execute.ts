/**
 * Driving a transfer to its end: draft, sign, send, see what became of it.
 *
 * Invariants:
 * - driven by its row: whoever was interrupted goes on where it stands, and no step is taken twice;
 * - what is sent is what the row holds, under the signature that it holds, and sending it again is sending the same bytes;
 * - it ends only by proof: at `finalized`, or when it cannot land any more. What is not known is looked at again.
 */
import type { Account } from "../account/account.ts";
import type { Clock } from "../clock.ts";
import { isEngineError } from "../error.ts";
import { failureOf } from "../jupiter/program-error.ts";
import type { Log } from "../log.ts";
import { amount } from "../money/amount.ts";
import type { FirewallNode } from "../solana/firewall/node.ts";
import type { LandedTransaction } from "../solana/fill.ts";
import { UNIT_LIMIT_MAX, unitLimitOf, unitPriceOf } from "../solana/priority-fee.ts";
import type { Rpc } from "../solana/rpc.ts";
import type { Signing } from "../solana/signer.ts";
import { buildMessage, writableAccounts } from "../solana/transaction.ts";
import { assemble } from "../solana/wire.ts";
import { verdictOnLive } from "../trade/verdict.ts";
import { holdingOf } from "./holding.ts";
import { instructionsOf } from "./instructions.ts";
import { type TransferStore, youngFrom } from "./transfer.store.ts";
import { isUnfinished, type Transfer } from "./transfer.ts";

export interface ExecuteTransferDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly account: Account;
  readonly transfers: Omit<TransferStore, "plan" | "sign" | "committed">;
  readonly node: Pick<FirewallNode, "accounts">;
  readonly rpc: Pick<
    Rpc,
    | "latestBlockhash"
    | "simulate"
    | "recentFees"
    | "finalized"
    | "statuses"
    | "isKnownElsewhere"
    | "send"
    | "transaction"
  >;
  readonly signing: Signing;
}

/** Between two looks: bytes are sent again about as often as a validator forgets them. */
const LOOK_AGAIN_MS = 2_000;

/** In a row; a node that is away for longer is told to who waits, and the transfer goes on when it is asked for again. */
const UNANSWERED_MAX = 5;

/**
 * Until it is over, however that is.
 *
 * @throws EngineError NETWORK_ERROR, or what the stores or `sign` throw, when they do not answer for long: it is still on its way.
 */
export async function driveTransfer(deps: ExecuteTransferDeps, transferId: string): Promise<Transfer> {
  let unanswered = 0;
  for (;;) {
    try {
      const transfer = await deps.transfers.find(transferId);
      if (!transfer) throw new TypeError(`there is no transfer ${transferId}`);
      if (!isUnfinished(transfer)) return transfer;
      if (await step(deps, transfer)) deps.log.info("transfer_moved", { transferId });
      else await deps.clock.sleep(LOOK_AGAIN_MS);
      unanswered = 0;
    } catch (error) {
      unanswered += 1;
      if (unanswered >= UNANSWERED_MAX) throw error;
      deps.log.error("transfer_unanswered", error, { transferId });
      await deps.clock.sleep(LOOK_AGAIN_MS);
    }
  }
}

/** True: its row has moved. */
async function step(deps: ExecuteTransferDeps, transfer: Transfer): Promise<boolean> {
  switch (transfer.status) {
    case "planned":
      return draft(deps, transfer);
    case "drafted":
      return transfer.draftedAt <= youngFrom(deps.clock.now()) ? draft(deps, transfer) : sign(deps, transfer);
    case "live":
      return look(deps, transfer);
    default:
      return true;
  }
}

async function draft(deps: ExecuteTransferDeps, transfer: Transfer): Promise<boolean> {
  const { clock, account, transfers, node, rpc } = deps;
  const { transferId } = transfer;
  const { wallet } = account;
  const { token } = await holdingOf(node, wallet, transfer.mint);
  const instructions = await instructionsOf(transfer, wallet, token);
  const { blockhash, lastValidBlockHeight } = await rpc.latestBlockhash();
  const messageWith = (unitLimit: number, unitPriceMicroLamports: bigint) =>
    buildMessage({
      wallet,
      blockhash,
      instructions,
      lookupTables: [],
      attemptId: transferId,
      computeBudget: { unitLimit, unitPriceMicroLamports },
    });
  const trial = messageWith(UNIT_LIMIT_MAX, 0n);
  const { error, logs, unitsConsumed } = await rpc.simulate(trial);
  if (error !== null) return refuse(deps, transfer, `it would fail: ${failureOf(error, logs).message}`);
  const unitLimit = unitLimitOf(unitsConsumed);
  const unitPrice = unitPriceOf("entry", await rpc.recentFees(writableAccounts(trial, [])), unitLimit, 0);
  const message = messageWith(unitLimit, unitPrice);
  return transfers.draft(transferId, { message, blockhash, lastValidBlockHeight, draftedAt: clock.now() });
}

async function refuse(deps: ExecuteTransferDeps, { transferId }: Transfer, reason: string): Promise<boolean> {
  deps.log.info("transfer_refused", { transferId, reason });
  return deps.transfers.refuse(transferId, reason, deps.clock.now());
}

async function sign(deps: ExecuteTransferDeps, transfer: Transfer): Promise<boolean> {
  const answer = await deps.signing.sign(transfer.transferId);
  switch (answer.outcome) {
    case "signed":
      return true;
    case "refused":
      return refuse(deps, transfer, `it was not signed, by ${answer.rule}: ${answer.reason}`);
    case "put_off":
    case "unwanted":
      deps.log.info("transfer_not_signed", { transferId: transfer.transferId, reason: answer.reason });
      return false;
    default:
      return answer satisfies never;
  }
}

async function look(deps: ExecuteTransferDeps, transfer: Extract<Transfer, { status: "live" }>): Promise<boolean> {
  const { clock, log, transfers, rpc } = deps;
  const { transferId, signature } = transfer;
  // The height first: a status that is null must be newer than it.
  const finalized = await rpc.finalized();
  const { slot, statuses } = await rpc.statuses([signature]);
  const status = statuses[0] ?? null;
  const verdict = verdictOnLive(transfer, status, { finalized, statusSlot: slot });
  switch (verdict.type) {
    case "wait":
      return false;
    case "rebroadcast":
      await send(deps, transfer);
      return false;
    case "landed":
      return status?.commitment === "finalized" && end(deps, transfer, null);
    case "errored":
      return end(deps, transfer, verdict.error);
    case "expired":
      if (await rpc.isKnownElsewhere(signature)) return false;
      log.info("transfer_expired", { transferId, signature });
      return transfers.expire(transferId, clock.now());
    default:
      return verdict satisfies never;
  }
}

/** Whether a node took the bytes says nothing of the chain: they are sent again until that is known. */
async function send({ log, rpc }: ExecuteTransferDeps, transfer: Extract<Transfer, { status: "live" }>): Promise<void> {
  const { transferId, signature } = transfer;
  log.info("transfer_sent", { transferId, signature });
  try {
    await rpc.send(assemble(transfer.message, signature));
  } catch (error) {
    if (!isEngineError(error, "NETWORK_ERROR")) throw error;
    log.error("send_unanswered", error, { transferId });
  }
}

export type EndDeps = Pick<ExecuteTransferDeps, "clock" | "log" | "account"> & {
  readonly transfers: Pick<TransferStore, "finalize" | "fail">;
  readonly rpc: Pick<Rpc, "transaction">;
};

/** Books what landed, at `finalized`. False: the node does not have it yet, or somebody else has booked it. */
export async function end(
  { clock, log, account, transfers, rpc }: EndDeps,
  { transferId, signature }: Pick<Extract<Transfer, { status: "live" }>, "transferId" | "signature">,
  error: string | null,
): Promise<boolean> {
  const landed = await rpc.transaction(signature, "finalized");
  if (!landed) return false;
  const landing = {
    feeLamports: amount(landed.feeLamports),
    lamportsChange: lamportsChangeOf(landed, account.wallet),
    slot: landed.slot,
  };
  log.info(error === null ? "transfer_final" : "transfer_errored", {
    transferId,
    signature,
    slot: String(landed.slot),
  });
  return error === null
    ? transfers.finalize(transferId, landing, clock.now())
    : transfers.fail(transferId, error, landing, clock.now());
}

/** @throws TypeError when the transaction does not name the wallet. */
function lamportsChangeOf({ accounts, preLamports, postLamports }: LandedTransaction, wallet: string): bigint {
  const at = accounts.indexOf(wallet);
  const [before, after] = [preLamports[at], postLamports[at]];
  if (before === undefined || after === undefined) throw new TypeError(`the transaction does not name ${wallet}`);
  return after - before;
}
