import { expect, it } from "vitest";
import { Chain } from "./chain.ts";
import { LaggingNode } from "./node.ts";

it("a node that lags knows no block above its tip, and the first one when it lags by more than there are", () => {
  const chain = new Chain({ seed: "node" });
  for (let block = 0; block < 10; block += 1) chain.produceBlock();
  const lag = { blocks: 4 };
  const node = new LaggingNode(chain, () => lag.blocks);
  const heights = () => [...node.ledger.backwards()].map(({ height }) => height - chain.tip.height);
  expect(heights()).toEqual([-4, -5, -6, -7, -8, -9, -10]);
  lag.blocks = 100;
  expect(heights()).toEqual([-10]);
  expect(node.ledger.at("finalized")).toBe(node.tip);
});
