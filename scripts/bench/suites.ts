import { kernels } from "./kernels.ts";
import { objects } from "./objects.ts";
import { roundtrip } from "./roundtrip.ts";
import { sandbox } from "./sandbox.ts";
import { start } from "./start.ts";
import type { Suite } from "./suite.ts";
import { throughput } from "./throughput.ts";

/** In the order in which they run. */
export const suites: readonly Suite[] = [roundtrip, throughput, objects, kernels, sandbox, start];
