// What the venue answers instead of what was asked, in Jupiter's shapes.

export class Refusal extends Error {
  readonly status: 400 | 401 | 404 | 429;
  readonly body: Readonly<Record<string, unknown>>;

  constructor(status: 400 | 401 | 404 | 429, body: Readonly<Record<string, unknown>>) {
    super(JSON.stringify(body));
    this.status = status;
    this.body = body;
  }
}

const badRequest = (errorCode: string, error: string): Refusal => new Refusal(400, { error, errorCode });

export const invalidRequest = (error: string): Refusal => badRequest("INVALID_REQUEST", error);
export const notSupported = (what: string): Refusal => badRequest("NOT_SUPPORTED", `${what} is not supported`);
export const noRoute = (): Refusal => badRequest("COULD_NOT_FIND_ANY_ROUTE", "Could not find any route");
/** There would be one, if it might have more accounts. */
export const noRoutesFound = (): Refusal => badRequest("NO_ROUTES_FOUND", "No routes found");
export const notTradable = (mint: string): Refusal =>
  badRequest("TOKEN_NOT_TRADABLE", `The token ${mint} is not tradable`);
export const circular = (): Refusal =>
  badRequest("CIRCULAR_ARBITRAGE_IS_DISABLED", "Circular arbitrage is disabled: inputMint equals outputMint");
export const twoPriorities = (): Refusal =>
  badRequest(
    "INVALID_COMPUTE_UNIT_PRICE_AND_PRIORITIZATION_FEE",
    "Give computeUnitPriceMicroLamports or prioritizationFeeLamports, not both",
  );

/** v2 promises no code, only the sentence. */
export const withoutCode = ({ status, body: { errorCode: _, ...body } }: Refusal): Refusal => new Refusal(status, body);

/** The gateway in front of the API has a shape of its own. */
export const unauthorized = (): Refusal => new Refusal(401, { code: 401, message: "Unauthorized" });
export const tooManyRequests = (): Refusal =>
  new Refusal(429, { code: 429, message: "[API Gateway] Too many requests" });
