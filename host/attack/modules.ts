import clock from "../../dist/attack/attack-clock.wasm";
import endless from "../../dist/attack/attack-endless.wasm";
import forks from "../../dist/attack/attack-forks.wasm";
import huge from "../../dist/attack/attack-huge.wasm";
import logs from "../../dist/attack/attack-logs.wasm";
import startEndless from "../../dist/attack/attack-start-endless.wasm";
import catching from "../../dist/attack/catching.wasm";
import hostCalls from "../../dist/attack/host-calls.wasm";
import hostTypes from "../../dist/attack/host-types.wasm";
import largeMemory from "../../dist/attack/large-memory.wasm";
import largeTable from "../../dist/attack/large-table.wasm";
import loops from "../../dist/attack/loops.wasm";
import memory from "../../dist/attack/memory.wasm";
import names from "../../dist/attack/names.wasm";
import results from "../../dist/attack/results.wasm";
import secrets from "../../dist/attack/secrets.wasm";
import start from "../../dist/attack/start.wasm";
import startRecursion from "../../dist/attack/start-recursion.wasm";
import table from "../../dist/attack/table.wasm";
import traps from "../../dist/attack/traps.wasm";
import twoMemories from "../../dist/attack/two-memories.wasm";
import waiting from "../../dist/attack/waiting.wasm";

/** What was compiled of `kernels/attack/`. */
export const modules = {
  ...{ catching, clock, endless, forks, hostCalls, hostTypes, huge, largeMemory, largeTable, logs, loops },
  ...{
    memory,
    names,
    results,
    secrets,
    start,
    startEndless,
    startRecursion,
    table,
    traps,
    twoMemories,
    waiting,
  },
};
