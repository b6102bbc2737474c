/**
 * Signing. Callers name an attempt and supply no bytes: what is signed is what is recorded.
 */
import { InvokeCommand, type LambdaClient } from "@aws-sdk/client-lambda";
import * as z from "zod";
import { FAILURE_KINDS } from "../jupiter/program-error.ts";

/** What `sign` answers: the stored signature, or why there is none: the transaction, what is known, or the time. */
export const SignAnswer = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.literal("signed"), signature: z.string() }),
  /** `code`: what a caller is told. */
  z.object({
    outcome: z.literal("refused"),
    code: z.enum(["UNSAFE_TRANSACTION", "RISK_LIMIT_EXCEEDED"]),
    rule: z.string(),
    reason: z.string(),
  }),
  /** Nothing is held against it: it would fail now, or whether it is safe could not be seen. */
  z.object({ outcome: z.literal("put_off"), code: z.string(), cause: z.enum(FAILURE_KINDS), reason: z.string() }),
  /** Nothing is wrong with it, but its trade has gone on without it. */
  z.object({ outcome: z.literal("unwanted"), reason: z.string() }),
]);
export type SignAnswer = z.infer<typeof SignAnswer>;

/** The door to the only code that may sign. */
export interface Signing {
  sign(attemptId: string): Promise<SignAnswer>;
}

/** @throws Error when the function could not be reached or failed: whether it signed is then unknown. */
export const lambdaSigning = (client: LambdaClient, functionName: string): Signing => ({
  async sign(attemptId) {
    const answer = await client.send(
      new InvokeCommand({ FunctionName: functionName, Payload: JSON.stringify({ attemptId }) }),
    );
    const payload = answer.Payload ? Buffer.from(answer.Payload).toString("utf8") : "";
    if (answer.FunctionError) throw new Error(`sign failed (${answer.FunctionError}): ${payload}`);
    return SignAnswer.parse(JSON.parse(payload));
  },
});

/** A key that signs messages of one wallet. */
export interface Key {
  readonly wallet: string;
  /** Base64 message in, base58 signature out. */
  sign(message: string): Promise<string>;
}
