// What a node answers instead of a result, with the codes of Agave's RPC.

export class RpcError extends Error {
  readonly code: number;
  readonly details: unknown;

  constructor(code: number, message: string, details?: unknown) {
    super(message);
    this.code = code;
    this.details = details;
  }
}

export const parseError = (): RpcError => new RpcError(-32700, "Parse error");
export const invalidRequest = (): RpcError => new RpcError(-32600, "Invalid request");
export const methodNotFound = (): RpcError => new RpcError(-32601, "Method not found");
export const invalidParams = (message: string): RpcError => new RpcError(-32602, message);
export const preflightFailure = (message: string, details: unknown): RpcError => new RpcError(-32002, message, details);
export const signatureVerificationFailure = (): RpcError =>
  new RpcError(-32003, "Transaction signature verification failure");
export const unsupportedTransactionVersion = (version: number): RpcError =>
  new RpcError(
    -32015,
    `Transaction version (${version}) is not supported by the requesting client. Please try the request again with the following configuration parameter: "maxSupportedTransactionVersion": ${version}`,
  );
export const minContextSlotNotReached = (contextSlot: number): RpcError =>
  new RpcError(-32016, "Minimum context slot has not been reached", { contextSlot });
