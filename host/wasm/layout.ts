import type { WasmModule } from "../../scheduler/wasm/module.ts";
import type { HelperIndices } from "./helpers.ts";

/** Where in a prepared module stands what the host adds. Of its own, only functions move, all but imported ones. */
export type Layout = HelperIndices & {
  /** How many functions the original has, imported ones included. */
  functionCount: number;
  globalCount: number;
  importedFunctionCount: number;
  /** How far the other functions move: by the one that the host imports. */
  movedBy: number;
  /** The first function of the host that is not imported. */
  firstHelper: number;
  /** The first of the globals that hold what mutable ones are when the module has started. */
  firstCopy: number;
};

/** Indices of what a module does not get are those of the next thing that it does get, and are not used. */
export function layOut(module: WasmModule, isPreempted: boolean): Layout {
  const { functions, globals, importedFunctionCount } = module;
  const movedBy = isPreempted ? 1 : 0;
  const firstHelper = functions.length + movedBy;
  return {
    functionCount: functions.length,
    globalCount: globals.length,
    importedFunctionCount,
    movedBy,
    check: importedFunctionCount,
    firstHelper,
    refill: firstHelper,
    fuel: globals.length,
    outOfMemory: globals.length + movedBy,
    firstCopy: globals.length + movedBy + module.memories.length,
  };
}

/** The index that a function of the original has in the prepared module. */
export const moved = ({ importedFunctionCount, movedBy }: Layout, index: number): number =>
  index < importedFunctionCount ? index : index + movedBy;
