import { unsigned } from "../../scheduler/wasm/leb128.ts";
import { sectionIds, type WasmModule } from "../../scheduler/wasm/module.ts";
import { parseModule, sectionOrder } from "../../scheduler/wasm/parse.ts";
import { rejecting, unsupported } from "../../scheduler/wasm/reject.ts";
import { ByteWriter } from "./byte-writer.ts";
import { rewriteCode } from "./code.ts";
import { rewriteDeclarations } from "./declarations.ts";
import { Helpers } from "./helper-list.ts";
import { layOut } from "./layout.ts";
import { rewriteNames } from "./name-section.ts";
import { type Offsets, OffsetsBuilder } from "./offsets.ts";
import { hostModule, reservedPrefix } from "./reserved.ts";
import { StatelessFunctions } from "./stateless.ts";

export type PrepareOptions = {
  /** Whether the code is to ask, by the import `__wray.check`, whether it may go on. */
  preempt: boolean;
  /** How many entries its tables may have together. */
  tableEntries: number;
  /** Whether it is to export its mutable globals, by `globalExport`: they belong to the state of its actors. */
  hasActors?: boolean;
  /** What to call the module in errors. */
  source?: string;
};

/** A module as a host runs it. All of it is plain data. */
export type Preparation = {
  /** The binary to be compiled. */
  bytes: Uint8Array<ArrayBuffer>;
  /** The memory that it imports as `__wray.memory`, in pages of 64 KiB. */
  memory: { initialPages: number; maximumPages: number | undefined; isShared: boolean } | undefined;
  /** The names of exported functions that leave an instance as it was, however they end; see `StatelessFunctions`. */
  stateless: string[];
  /** For positions in traces. */
  offsets: Offsets;
} & (
  | { isReusable: true }
  /** An instance can't be put back to what it was when it was new, so each task needs its own. */
  | { isReusable: false; reason: string }
);

/**
 * Rewrites a module so that a host can limit it, stop it, and put an instance of it back:
 *
 * - Its memory becomes the import `__wray.memory`, without a maximum unless it is shared.
 * - `__wray_keep: () → ()` says that its mutable globals are to be put back to what they are then.
 * - `__wray_restore: (i32, i32) → i32` puts them back, and zeroes memory from a given address on, a multiple of
 *   `blockBytes`. It returns 0, and may have done nothing, when memory has not as many pages as it is told.
 * - With `hasActors`, its mutable globals are exported, and `__wray_next_used: (i32, i32) → i32` finds in memory what is
 *   not zero; see `nextUsed`.
 * - Its tables have at most `tableEntries` entries together.
 * - A `memory.grow` that fails sets the exported global `__wray_out_of_memory` to 1.
 * - With `preempt`, it calls the import `__wray.check: () → i32` every few ms at the latest, whatever it does. That
 *   returns `fuelBudget`, or 0 when the code is to stop, which it then does by trapping with `unreachable`. To throw
 *   from it stops most modules, too, but in one with handlers of exceptions becomes that trap.
 *
 * Nothing of what a module says about itself is believed: it works for any. Whoever compiles the result learns from
 * the engine whether the original was valid, since what is added neither repairs nor hides anything.
 * @throws ModuleRejectedError when it is broken, beyond a limit, uses what no host runs, or names what is the host's
 */
export function prepareModule(bytes: Uint8Array<ArrayBuffer>, options: PrepareOptions): Preparation {
  const source = options.source ?? "the module";
  const module = parseModule(bytes, source);
  return rejecting(source, () => {
    checkBounds(module);
    return rewrite(module, options);
  });
}

function checkBounds({ imports, exports, memories }: WasmModule): void {
  for (const { module, name, kind } of imports) {
    if (kind !== "function") throw unsupported(`the import ${module}.${name}, which is a ${kind}`);
    if (module === hostModule) throw unsupported(`the import ${module}.${name}, which is the host's own`);
  }
  for (const { name } of exports) {
    if (name.startsWith(reservedPrefix)) throw unsupported(`the export ${name}, which is the host's own`);
  }
  if (memories.length > 1) throw unsupported(`${memories.length} memories, where at most one is taken`);
}

function rewrite(
  module: WasmModule,
  { preempt: isPreempted, tableEntries, hasActors = false }: PrepareOptions,
): Preparation {
  const [memory] = module.memories;
  const layout = layOut(module, isPreempted);
  const helpers = new Helpers(module, layout, isPreempted, hasActors);
  const code = new ByteWriter(module.bytes.length * 2);
  const offsets = new OffsetsBuilder();
  const stateless = new StatelessFunctions(module.functions.length);
  const facts = rewriteCode({ module, layout, helpers, isPreempted, stateless, output: code, offsets });
  offsets.own(code.length);
  for (const body of helpers.bodies(facts.hasHandlers)) code.append(body);

  const declared = rewriteDeclarations({ module, layout, helpers, isPreempted, tableEntries, hasActors });
  const bodyCount = module.functions.length - module.importedFunctionCount + helpers.types.length;
  const output = new ByteWriter(module.bytes.length + code.length);
  const section = (id: number, ...parts: ArrayLike<number>[]) => {
    output.append([id]);
    output.u32(parts.reduce((length, part) => length + part.length, 0));
    for (const part of parts) output.append(part);
  };
  output.append(module.bytes.subarray(0, 8));
  let codeStart = 0;
  for (const id of sectionOrder) {
    const original = module.sections.get(id);
    if (id === sectionIds.code) {
      section(id, unsigned(bodyCount), code.written);
      codeStart = output.length - code.length;
    } else if (declared.has(id)) {
      const content = declared.get(id);
      if (content !== undefined) section(id, content);
    } else if (original !== undefined) {
      section(id, module.bytes.subarray(original.start, original.end));
    }
  }
  const names = rewriteNames(module, layout);
  if (names !== undefined) section(sectionIds.custom, names);

  const { residue: reason } = facts;
  return {
    bytes: output.written.slice(),
    memory: memory && {
      initialPages: memory.initial,
      maximumPages: memory.maximum,
      isShared: memory.isShared,
    },
    stateless: stateless.names(module.exports),
    offsets: {
      ...offsets.build(codeStart),
      firstMoved: layout.importedFunctionCount,
      movedBy: layout.movedBy,
      functionCount: layout.functionCount,
    },
    ...(reason === undefined ? { isReusable: true } : { isReusable: false, reason }),
  };
}
