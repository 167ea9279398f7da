import { actors } from "./actors.ts";
import { barrier } from "./barrier.ts";
import { collectives } from "./collectives.ts";
import { gpu } from "./gpu.ts";
import { jobs } from "./jobs.ts";
import { kernels } from "./kernels.ts";
import { learning } from "./learning.ts";
import { local } from "./local.ts";
import { objects } from "./objects.ts";
import { recovery } from "./recovery.ts";
import { roundtrip } from "./roundtrip.ts";
import { sandbox } from "./sandbox.ts";
import { serving } from "./serving.ts";
import { start } from "./start.ts";
import type { Suite } from "./suite.ts";
import { tables } from "./tables.ts";
import { throughput } from "./throughput.ts";
import { transfer } from "./transfer.ts";

/** In the order in which they run. */
export const suites: readonly Suite[] = [
  roundtrip,
  throughput,
  barrier,
  collectives,
  recovery,
  jobs,
  local,
  actors,
  serving,
  objects,
  tables,
  transfer,
  kernels,
  learning,
  gpu,
  sandbox,
  start,
];
