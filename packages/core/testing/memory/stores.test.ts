/** The stores in memory are held to what every implementation must do. */
import { executionContract } from "../execution.contract.ts";
import { exitsContract } from "../exits.contract.ts";
import { forkLivesContract } from "../fork-lives.contract.ts";
import { forksContract } from "../forks.contract.ts";
import { holdingsContract } from "../holdings.contract.ts";
import { lateLandingsContract } from "../late-landings.contract.ts";
import { looksContract } from "../looks.contract.ts";
import { storesContract } from "../stores.contract.ts";
import { transfersContract } from "../transfers.contract.ts";
import type { Stores } from "../stores.given.ts";
import { MemoryDatabase } from "./database.ts";
import { memoryStores } from "./stores.ts";

const open = async (): Promise<Stores> => memoryStores(new MemoryDatabase());

storesContract("in memory", open);
executionContract("in memory", open);
exitsContract("in memory", open);
forksContract("in memory", open);
forkLivesContract("in memory", open, 300);
looksContract("in memory", open);
transfersContract("in memory", open);
holdingsContract("in memory", open);
lateLandingsContract("in memory", open);
