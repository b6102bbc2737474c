/** Refusals as problem documents (RFC 9457): the code, its numbers, and a sentence. */
import { EngineError, ERRORS, type ErrorCode, isEngineError } from "../error.ts";

export const PROBLEM_TYPE = "application/problem+json";

export interface Problem {
  readonly type: "about:blank";
  readonly title: string;
  readonly status: number;
  readonly code: ErrorCode;
  readonly detail: string;
}

function problemOf(error: EngineError): Problem {
  const { status, title } = ERRORS[error.code];
  return { type: "about:blank", title, status, code: error.code, detail: error.message, ...error.context };
}

export const problemResponse = (error: EngineError): Response => {
  const problem = problemOf(error);
  const headers = {
    "content-type": PROBLEM_TYPE,
    ...(isEngineError(error, "RATE_LIMITED") && { "retry-after": error.context.retryAfterSeconds }),
  };
  return Response.json(problem, { status: problem.status, headers });
};

/** A request that cannot be understood, and where. */
export const invalid = (detail: string, errors?: readonly { path: string; message: string }[]): EngineError =>
  new EngineError("INVALID_REQUEST", { detail, ...(errors && { errors }) });
