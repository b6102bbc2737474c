// Errors of the VM as a node spells them: in JSON, and in the sentence that goes with a preflight failure.

import type { FailedTransactionMetadata } from "litesvm";

export type InstructionError = string | { readonly Custom: number };

export type TransactionError =
  | string
  | { readonly InstructionError: readonly [index: number, error: InstructionError] }
  | { readonly DuplicateInstruction: number }
  | { readonly InsufficientFundsForRent: { readonly account_index: number } };

// Both lists are in the order of the VM's numbers.
const TRANSACTION_ERRORS = [
  ...["AccountInUse", "AccountLoadedTwice", "AccountNotFound", "ProgramAccountNotFound", "InsufficientFundsForFee"],
  ...["InvalidAccountForFee", "AlreadyProcessed", "BlockhashNotFound", "CallChainTooDeep", "MissingSignatureForFee"],
  ...["InvalidAccountIndex", "SignatureFailure", "InvalidProgramForExecution", "SanitizeFailure"],
  ...["ClusterMaintenance", "AccountBorrowOutstanding", "WouldExceedMaxBlockCostLimit", "UnsupportedVersion"],
  ...["InvalidWritableAccount", "WouldExceedMaxAccountCostLimit", "WouldExceedAccountDataBlockLimit"],
  ...["TooManyAccountLocks", "AddressLookupTableNotFound", "InvalidAddressLookupTableOwner"],
  ...["InvalidAddressLookupTableData", "InvalidAddressLookupTableIndex", "InvalidRentPayingAccount"],
  ...["WouldExceedMaxVoteCostLimit", "WouldExceedAccountDataTotalLimit", "MaxLoadedAccountsDataSizeExceeded"],
  ...["ResanitizationNeeded", "InvalidLoadedAccountsDataSizeLimit", "UnbalancedTransaction"],
  ...["ProgramCacheHitMaxLimit", "CommitCancelled"],
] as const;

const INSTRUCTION_ERRORS = [
  ...["GenericError", "InvalidArgument", "InvalidInstructionData", "InvalidAccountData", "AccountDataTooSmall"],
  ...["InsufficientFunds", "IncorrectProgramId", "MissingRequiredSignature", "AccountAlreadyInitialized"],
  ...["UninitializedAccount", "UnbalancedInstruction", "ModifiedProgramId", "ExternalAccountLamportSpend"],
  ...["ExternalAccountDataModified", "ReadonlyLamportChange", "ReadonlyDataModified", "DuplicateAccountIndex"],
  ...["ExecutableModified", "RentEpochModified", "NotEnoughAccountKeys", "AccountDataSizeChanged"],
  ...["AccountNotExecutable", "AccountBorrowFailed", "AccountBorrowOutstanding", "DuplicateAccountOutOfSync"],
  ...["InvalidError", "ExecutableDataModified", "ExecutableLamportChange", "ExecutableAccountNotRentExempt"],
  ...["UnsupportedProgramId", "CallDepth", "MissingAccount", "ReentrancyNotAllowed", "MaxSeedLengthExceeded"],
  ...["InvalidSeeds", "InvalidRealloc", "ComputationalBudgetExceeded", "PrivilegeEscalation"],
  ...["ProgramEnvironmentSetupFailure", "ProgramFailedToComplete", "ProgramFailedToCompile", "Immutable"],
  ...["IncorrectAuthority", "AccountNotRentExempt", "InvalidAccountOwner", "ArithmeticOverflow"],
  ...["UnsupportedSysvar", "IllegalOwner", "MaxAccountsDataAllocationsExceeded", "MaxAccountsExceeded"],
  ...["MaxInstructionTraceLengthExceeded", "BuiltinProgramsMustConsumeComputeUnits", "BorshIoError"],
] as const;

/** The sentences a client may meet; an error without one is told by its name. */
const SENTENCES: Readonly<Record<string, string>> = {
  AccountNotFound: "Attempt to debit an account but found no record of a prior credit.",
  ProgramAccountNotFound: "Attempt to load a program that does not exist",
  InsufficientFundsForFee: "Insufficient funds for fee",
  InvalidAccountForFee: "This account may not be used to pay transaction fees",
  AlreadyProcessed: "This transaction has already been processed",
  BlockhashNotFound: "Blockhash not found",
  SignatureFailure: "Transaction did not pass signature verification",
  SanitizeFailure: "Transaction failed to sanitize accounts offsets correctly",
  AddressLookupTableNotFound: "Transaction loads an address table account that doesn't exist",
  InvalidAddressLookupTableOwner: "Transaction loads an address table account with an invalid owner",
  InvalidAddressLookupTableIndex: "Transaction address table lookup uses an invalid index",
  InvalidArgument: "invalid program argument",
  InvalidInstructionData: "invalid instruction data",
  InvalidAccountData: "invalid account data for instruction",
  InsufficientFunds: "insufficient funds for instruction",
  IncorrectProgramId: "incorrect program id for instruction",
  MissingRequiredSignature: "missing required signature for instruction",
  NotEnoughAccountKeys: "insufficient account keys for instruction",
  ComputationalBudgetExceeded: "Computational budget exceeded",
  PrivilegeEscalation: "Cross-program invocation with unauthorized signer or writable account",
  ProgramFailedToComplete: "Program failed to complete",
  InvalidAccountOwner: "Invalid account owner",
  ArithmeticOverflow: "Program arithmetic overflowed",
};

export function errorOf(failed: FailedTransactionMetadata): TransactionError {
  const error = failed.err();
  if (typeof error === "number") return TRANSACTION_ERRORS[error] ?? `TransactionError${error}`;
  if ("accountIndex" in error) return { InsufficientFundsForRent: { account_index: error.accountIndex } };
  if (!("err" in error)) return { DuplicateInstruction: error.index };
  const cause = error.err();
  if (typeof cause === "number") {
    return { InstructionError: [error.index, INSTRUCTION_ERRORS[cause] ?? `InstructionError${cause}`] };
  }
  return { InstructionError: [error.index, "code" in cause ? { Custom: cause.code } : "BorshIoError"] };
}

export function sentenceOf(error: TransactionError): string {
  if (typeof error === "string") return SENTENCES[error] ?? error;
  if ("DuplicateInstruction" in error)
    return `Transaction contains a duplicate instruction (${error.DuplicateInstruction}) that is not allowed`;
  if ("InsufficientFundsForRent" in error) {
    return `Transaction results in an account (${error.InsufficientFundsForRent.account_index}) with insufficient funds for rent`;
  }
  const [index, cause] = error.InstructionError;
  const reason =
    typeof cause === "string" ? (SENTENCES[cause] ?? cause) : `custom program error: 0x${cause.Custom.toString(16)}`;
  return `Error processing Instruction ${index}: ${reason}`;
}
