import { describe, expect, it } from "vitest";
import { StandingFault } from "../faults/schema.ts";
import { weatherOf } from "./weather.ts";

/** What is left of all that asks the dice of these faults in their order. */
const untouched = (faults: readonly StandingFault[]): number =>
  faults.reduce((left, fault) => left * (1 - ("probability" in fault ? fault.probability : 1)), 1);

const weather = (rate: number): readonly StandingFault[] => weatherOf(rate).map((fault) => StandingFault.parse(fault));

const ofService = (rate: number, service: string) =>
  weather(rate).filter((fault) => fault.kind === "http" && fault.service === service);

const isRevert = (fault: StandingFault): boolean => fault.kind === "transactions" && fault.action === "revert";

const ofTransactions = (rate: number) => weather(rate).filter(({ kind }) => kind === "transactions");

describe.each([0.2, 0.05, 0.9, 1])("weather of %d", (rate) => {
  it.each(["jupiter", "rpc", "rpc2"])("befalls that part of the calls to %s", (service) => {
    expect(1 - untouched(ofService(rate, service))).toBeCloseTo(rate);
  });

  it.each(["postgres", "redis", "sqs", "lambda", "kms", "events"])(
    "befalls a tenth of it of the calls to %s",
    (service) => {
      expect(1 - untouched(ofService(rate, service))).toBeCloseTo(rate / 10);
    },
  );

  it("befalls that part of the transactions: some on their way, of which two copies are sent, and some when they land", () => {
    const onTheWay = ofTransactions(rate).filter((fault) => !isRevert(fault));
    const landing = ofTransactions(rate).filter(isRevert);
    expect(1 - untouched(onTheWay) ** 2 + (1 - untouched(landing))).toBeCloseTo(rate);
  });

  it("does not pass by itself", () => {
    for (const fault of weather(rate)) expect(fault).toMatchObject({ times: "always" });
  });
});

describe("weather of 0", () => {
  it("is calm", () => {
    expect(weatherOf(0)).toEqual([]);
  });
});
