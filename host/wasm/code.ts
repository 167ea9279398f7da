import { ByteReader } from "../../scheduler/wasm/byte-reader.ts";
import { unsigned, unsignedLength } from "../../scheduler/wasm/leb128.ts";
import { sectionIds, type WasmModule } from "../../scheduler/wasm/module.ts";
import { unsupported, WasmError } from "../../scheduler/wasm/reject.ts";
import * as asm from "./assembler.ts";
import { BodyEdits } from "./body-edits.ts";
import type { ByteWriter } from "./byte-writer.ts";
import { enter, pay } from "./checks.ts";
import { mostFunctionBytes } from "./complexity.ts";
import type { Helpers } from "./helper-list.ts";
import { valueType } from "./instruction.ts";
import type { Layout } from "./layout.ts";
import type { OffsetsBuilder } from "./offsets.ts";
import type { StatelessFunctions } from "./stateless.ts";

/** What the code of a module does that matters to who runs it. */
export type CodeFacts = {
  /** Why a host can't put an instance back, if it can't. */
  residue: string | undefined;
  /** Whether anything in it could catch what a host throws. */
  hasHandlers: boolean;
};

/** What is needed to rewrite code, and what comes of it. */
export type CodeRewrite = {
  module: WasmModule;
  layout: Layout;
  helpers: Helpers;
  isPreempted: boolean;
  /** Reads along. */
  stateless: StatelessFunctions;
  /** Gets the bodies, without how many they are. */
  output: ByteWriter;
  offsets: OffsetsBuilder;
};

/** How much longer code may get, so that a small module can't become a large one; usual are 1.2 to 2 times. */
const mostGrowth = 6;
/** Below this it does not matter. */
const smallBytes = 1024 * 1024;

/** Rewrites every body of a module. @throws WasmError naming the function when one is not as it must be */
export function rewriteCode(rewrite: CodeRewrite): CodeFacts {
  const { module } = rewrite;
  const facts: CodeFacts = { residue: undefined, hasHandlers: false };
  const section = module.sections.get(sectionIds.code);
  if (section === undefined) return facts;
  const reader = new ByteReader(module.bytes, section.start, section.end);
  const bodyCount = reader.count();
  const edits = new BodyEdits(rewrite, facts);
  const most = mostGrowth * (section.end - section.start) + smallBytes;
  for (let body = 0; body < bodyCount; body++) {
    const functionIndex = module.importedFunctionCount + body;
    try {
      rewriteBody(rewrite, edits, functionIndex, reader.sized());
      if (rewrite.output.length > most)
        throw unsupported(`code that the checks make ${mostGrowth} times as long`);
    } catch (error) {
      if (!(error instanceof WasmError)) throw error;
      throw new WasmError(error.kind, `${error.message} in function ${functionIndex}`);
    }
  }
  reader.expectEnd("the code");
  return facts;
}

function rewriteBody(
  rewrite: CodeRewrite,
  edits: BodyEdits,
  functionIndex: number,
  reader: ByteReader,
): void {
  const { module, output, offsets } = rewrite;
  const { bytes } = module;
  const { offset: bodyStart, end } = reader;
  const { params } = module.types[module.functions[functionIndex]!]!;
  const groupCount = reader.count();
  const groupsStart = reader.offset;
  let localCount = params.length;
  for (let group = 0; group < groupCount; group++) {
    localCount += reader.u32();
    valueType(reader);
  }
  const codeStart = reader.offset;
  rewrite.stateless.begin(functionIndex);
  edits.read(reader, localCount);

  const locals = { left: localCount, next: localCount + 1 };
  const settlement = edits.settle(locals);
  const hasLocal = settlement.entryUnits > 0;
  const head = hasLocal ? unsigned(groupCount + 1) : bytes.subarray(bodyStart, groupsStart);
  const local = hasLocal ? [2, asm.type.i32] : [];
  const entry = hasLocal ? enter(rewrite.layout, settlement, locals) : [];
  const insertions = settlement.charges.map((charge) => ({
    at: charge.at,
    bytes: pay(rewrite.layout, charge, locals),
  }));
  const length =
    head.length +
    (codeStart - groupsStart) +
    local.length +
    entry.length +
    insertions.reduce((sum, each) => sum + each.bytes.length, 0) +
    (end - codeStart) +
    edits.growth;

  if (length > mostFunctionBytes)
    throw unsupported(`${length} bytes, checks included, of at most ${mostFunctionBytes}`);
  offsets.run(output.length, bodyStart - unsignedLength(end - bodyStart));
  output.u32(length);
  output.append(head);
  output.copy(bytes, groupsStart, codeStart);
  output.append(local);
  output.append(entry);
  edits.write(codeStart, end, insertions);
}
