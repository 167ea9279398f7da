import { createHash } from "node:crypto";
import { defaultHostLimits } from "../../../host/limits.ts";
import { Modules } from "../../../host/modules.ts";
import { Call, type CallEnd } from "../../../host/pool/call.ts";
import { Pool } from "../../../host/pool/pool.ts";
import type { Site } from "../../../host/pool/site.ts";
import type { ItemWriter } from "../../../host/ring/items.ts";
import type { Said } from "../../../host/worker/messages.ts";
import { memoryControl } from "../../../scheduler/control/memory.ts";
import { defaultGrant, defaultLimits } from "../../../scheduler/protocol/limits.ts";
import { decodeValue } from "../../../scheduler/protocol/value.ts";
import type { TestContext } from "../../support/index.ts";
import { assemble } from "../wasm/assemble.ts";

/** How a call ended, with what it returned if it did. */
export type End = { value: unknown } | { code: string };

/** A pool with the kernels of this module. */
export async function openPool(t: TestContext, cpus: number, text: string, looksOn = false) {
  const bytes = assemble(text);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const control = memoryControl();
  await control.putModule(sha256, bytes);
  const module = await new Modules(control, defaultHostLimits).get(sha256);
  const pool = new Pool(cpus, defaultHostLimits.stackBytes, false, looksOn);
  t.after(() => pool.drain(0));
  const site = (kernel: string): Site =>
    pool.site({
      ...{ module, kernel, limits: defaultLimits, grant: defaultGrant, isMap: false },
      seed: { kind: "numbered", prefix: "test-" },
    });
  return { pool, site };
}

/** A call with numbers, which tells how it ended each time that it does. */
export class NumbersCall extends Call {
  args: readonly number[];
  onEnd: (end: End) => void = () => {};

  constructor(site: Site, args: readonly number[]) {
    super(site, "test", 0, 0);
    this.args = args;
  }

  override write(items: ItemWriter): void {
    for (const arg of this.args) items.number(arg);
  }

  override ended(end: CallEnd): void {
    this.onEnd(endOf(end));
  }

  override endedWithNumber(value: number): void {
    this.onEnd({ value });
  }

  override said(_: Said): void {}
}

function endOf(end: CallEnd): End {
  if (end.kind === "value") return { value: decodeValue(end.encoded) };
  return { code: end.kind === "error" ? end.error.code : end.kind };
}
