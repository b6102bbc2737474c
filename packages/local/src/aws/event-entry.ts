import { randomUUID } from "node:crypto";
import * as z from "zod";
import { ACCOUNT, REGION } from "./context.ts";

/** One entry of a PutEvents request. What is missing is empty, and refused below in EventBridge's words. */
export const EventEntry = z.object({
  Source: z.string().default(""),
  DetailType: z.string().default(""),
  Detail: z.string().default(""),
  EventBusName: z.string().default("default"),
  Resources: z.array(z.string()).default([]),
  /** Seconds since 1970. */
  Time: z.number().optional(),
});
export type EventEntry = z.infer<typeof EventEntry>;

/** What a rule's target gets. */
export interface BusEvent {
  readonly version: "0";
  readonly id: string;
  readonly "detail-type": string;
  readonly source: string;
  readonly account: string;
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: Readonly<Record<string, unknown>>;
}

export interface Refusal {
  readonly ErrorCode: string;
  readonly ErrorMessage: string;
}

/** The event an entry becomes, or why it does not. */
export function accept({ Source, DetailType, Detail, Resources, Time }: EventEntry): BusEvent | Refusal {
  for (const [name, value] of Object.entries({ Source, DetailType, Detail })) {
    if (value !== "") continue;
    const ErrorMessage = `Parameter ${name} is not valid. Reason: ${name} is a required argument.`;
    return { ErrorCode: "InvalidArgument", ErrorMessage };
  }
  if (Source.startsWith("aws.")) {
    return { ErrorCode: "NotAuthorizedForSourceException", ErrorMessage: "Not authorized for the source." };
  }
  const detail = parseDetail(Detail);
  if (!detail) return { ErrorCode: "MalformedDetail", ErrorMessage: "Detail is malformed." };
  const time = Time === undefined ? new Date() : new Date(Time * 1000);
  return {
    version: "0",
    id: randomUUID(),
    "detail-type": DetailType,
    source: Source,
    account: ACCOUNT,
    time: `${time.toISOString().slice(0, 19)}Z`, // EventBridge keeps whole seconds
    region: REGION,
    resources: Resources,
    detail,
  };
}

/** What an entry counts for in the limit of a request, by the documentation. */
export function sizeInBytes({ Source, DetailType, Detail, Resources, Time }: EventEntry): number {
  const words = [Source, DetailType, Detail, ...Resources];
  return words.reduce((bytes, word) => bytes + Buffer.byteLength(word), Time === undefined ? 0 : 14);
}

function parseDetail(text: string): Record<string, unknown> | undefined {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
