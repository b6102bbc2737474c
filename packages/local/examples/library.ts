import { connectEngine, executeTrade, getAllPositions } from "@backstop/core/library/engine";
import { PositionManager } from "@backstop/core/library/position-manager";
import { StopLossManager } from "@backstop/core/library/stop-loss-manager";
import { clock, ids, log } from "../../../functions/system.ts";

// By the variables of a deployment, or of the local stack.
const engine = await connectEngine(process.env, { clock, ids, log });
const positions = new PositionManager(engine);
const stops = new StopLossManager(engine);

// 50 USDC of SOL, at 200 or better; 25 USDC of JUP, once, however often this runs.
const { positionId } = await positions.openPosition("SOL/USDC", "buy", "50", "200");
await executeTrade(engine, "JUP/USDC", "buy", "25", { idempotencyKey: "signal-7" });

// 5 % below the highest price from now on.
const { stop } = await stops.setTrailingStop(positionId, "0.05");

console.log(JSON.stringify({ positionId, stop, open: (await getAllPositions(engine)).length }));
