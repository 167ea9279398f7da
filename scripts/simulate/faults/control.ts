import { type Control, leaseMs, shippedModules } from "../../../scheduler/control/control.ts";
import { memoryControl } from "../../../scheduler/control/memory.ts";
import { sha256 } from "./kernels.ts";
import type { SimulatedConnection } from "./network.ts";

/** How soon who can't reach the server tries again. */
const retryMs = 200;

/** What a simulated cluster keeps beyond the life of any process, as each process reaches it over its connection. */
export class SharedControl {
  readonly #control = memoryControl();
  /** When each lease was put last. */
  readonly #putMs = new Map<string, number>();

  /** @param connection of the process that asks */
  over(connection: SimulatedConnection): Control {
    const reached = async () => {
      await slept(1);
      while (connection.way !== "open") await slept(retryMs);
    };
    const control = this.#control;
    const putMs = this.#putMs;
    return {
      putModule: async () => {},
      putSourceMap: async () => {},
      nameModule: async () => {},
      getModule: async () => undefined,
      getSourceMap: async () => undefined,
      nameActor: async (_, actor) => actor,
      findActor: async () => undefined,
      dropActor: async () => {},
      // What is shipped is not run here; its name stands for the module that is.
      findModule: async (name) => (shippedModules.includes(name as never) ? name : sha256),
      async putLease(lease) {
        await reached();
        putMs.set(lease.host, performance.now());
        return control.putLease(lease);
      },
      async dropLease(hostId) {
        await reached();
        await control.dropLease(hostId);
      },
      async leases() {
        await reached();
        const sinceMs = performance.now() - leaseMs;
        return (await control.leases()).filter(({ host }) => putMs.get(host)! > sinceMs);
      },
    };
  }
}

const slept = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
