import type { Attack, Ending } from "../attack.ts";
import { withManifest } from "../bytes.ts";
import { ofOtherTypes, ofResults } from "../manifests.ts";
import { modules } from "../modules.ts";
import { attackOf, short } from "./attack-of.ts";

const { clock, hostCalls, huge, logs, results } = modules;

/** A text may be anywhere: what is there by chance is one of no characters, or of few. */
const endingsOf = (what: string): Ending[] =>
  what === "a text" ? ["TASK_ERROR", "LIMIT_EXCEEDED", "answer"] : ["TASK_ERROR", "LIMIT_EXCEEDED"];

/** At 64, 128 and 192 `results.wat` has objects; at the others nothing can be. */
const resultAddresses = [64, 128, 192, 0, 2, 20, 65_535, 65_536, -1, -2_147_483_648];

export const resultAttacks: readonly Attack[] = [
  attackOf("a text larger than the limit", "LIMIT_EXCEEDED", {
    module: huge,
    kernel: "text",
    args: [2_000_000],
  }),
  attackOf("bytes larger than the limit", "LIMIT_EXCEEDED", {
    module: huge,
    kernel: "bytes",
    args: [2_000_000],
  }),
  attackOf("a list larger than the limit", "LIMIT_EXCEEDED", {
    module: huge,
    kernel: "numbers",
    args: [500_000],
  }),
  attackOf("one list in a list, many times over", "LIMIT_EXCEEDED", {
    module: huge,
    kernel: "aliased",
    args: [1_000],
  }),
  attackOf("one text in a list, many times over", "LIMIT_EXCEEDED", {
    module: huge,
    kernel: "repeated",
    args: [10_000],
  }),
  attackOf("an object that contains itself", "TASK_ERROR", { module: huge, kernel: "cyclic" }),
  attackOf("an object that holds the next twice, to the depth of 30", "LIMIT_EXCEEDED", {
    ...{ module: huge, kernel: "doubling", args: [30] },
  }),
  ...Object.entries(ofResults).flatMap(([what, [kernel, manifest]]) =>
    resultAddresses.map((address) =>
      attackOf(`result that is ${what} by a made-up address`, endingsOf(what), {
        ...{ variant: `${address}`, module: withManifest(results, manifest), kernel, args: [address] },
      }),
    ),
  ),
  ...Object.entries(ofOtherTypes).map(([what, [kernel, manifest]]) =>
    attackOf("result of another type than the manifest says", "TASK_ERROR", {
      ...{ variant: what, module: withManifest(results, manifest), kernel, args: [0] },
    }),
  ),
];

export const logAttacks: readonly Attack[] = [
  attackOf("a line larger than the limit", "LIMIT_EXCEEDED", {
    module: logs,
    kernel: "long",
    args: [100_000],
  }),
  attackOf("lines that steer a terminal", "LIMIT_EXCEEDED", { module: logs, kernel: "flood" }),
  attackOf("empty lines without end", "LIMIT_EXCEEDED", {
    ...{ module: hostCalls, kernel: "log_flood", options: { maxLogBytes: 10 } },
  }),
  attackOf("progress without end", "TASK_TIMEOUT", {
    module: logs,
    kernel: "progress_flood",
    options: short,
  }),
  attackOf("progress without end, by the host's function", "TASK_TIMEOUT", {
    ...{ module: hostCalls, kernel: "progress_flood", options: short },
  }),
  attackOf("progress that is no number", "answer", { module: hostCalls, kernel: "progress_odd" }),
  attackOf("abort with a very long message", "TASK_ERROR", { module: logs, kernel: "abort_long" }),
  attackOf("clock that was not granted", "INVALID_TASK", { module: clock, kernel: "now" }),
  attackOf("clock that is read without end", "LIMIT_EXCEEDED", {
    ...{ module: clock, kernel: "watch", options: { grant: ["clock"] } },
  }),
];
