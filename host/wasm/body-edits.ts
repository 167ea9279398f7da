import { ByteReader } from "../../scheduler/wasm/byte-reader.ts";
import { unsigned } from "../../scheduler/wasm/leb128.ts";
import { malformed } from "../../scheduler/wasm/reject.ts";
import * as asm from "./assembler.ts";
import { Charges, type Settlement } from "./charges.ts";
import { loopHead, type TurnLocals } from "./checks.ts";
import type { CodeFacts, CodeRewrite } from "./code.ts";
import { type Instruction, readInstruction } from "./instruction.ts";
import { Labels } from "./labels.ts";
import { moved } from "./layout.ts";
import { Lines } from "./lines.ts";
import { op } from "./opcodes.ts";
import { hostCallPoints, weights } from "./weights.ts";

const nothing: Settlement = { entryUnits: 0, charges: [], loops: [] };

/** Instructions after which an instance can't be put back, and why. */
const residues = new Map<number, string>([
  [op.dataDrop, "it drops data segments"],
  [op.elemDrop, "it drops element segments"],
  ...[op.tableSet, op.tableInit, op.tableCopy, op.tableGrow, op.tableFill].map(
    (opcode) => [opcode, "it changes a table"] as const,
  ),
]);

/** What lies from `at` to `until` becomes `bytes`. */
type Edit = { at: number; until: number; bytes: readonly number[] };

/** Reads one body after the other, and holds what is to be changed in the code of the last. */
export class BodyEdits {
  readonly #rewrite: CodeRewrite;
  readonly #facts: CodeFacts;
  readonly #charges = new Charges();
  readonly #labels = new Labels();
  readonly #lines = new Lines();
  readonly #instruction: Instruction = { opcode: 0, at: 0, immediateAt: 0, index: 0, offset: 0 };
  readonly #edits: Edit[] = [];
  /** Those of them that stand for the start of a loop, which are decided last. */
  readonly #loops: Edit[] = [];
  #growth = 0;

  constructor(rewrite: CodeRewrite, facts: CodeFacts) {
    this.#rewrite = rewrite;
    this.#facts = facts;
  }

  /** How much longer the code gets. */
  get growth(): number {
    return this.#growth;
  }

  /** Reads the code of a function with so many parameters and locals, to its last `end`. */
  read(reader: ByteReader, localCount: number): void {
    const { layout, module, isPreempted } = this.#rewrite;
    const instruction = this.#instruction;
    const charges = this.#charges;
    this.#edits.length = this.#loops.length = this.#growth = 0;
    this.#labels.begin();
    charges.begin(reader.offset);
    this.#lines.clear();
    while (true) {
      readInstruction(reader, instruction);
      const { opcode, index, at } = instruction;
      charges.add(this.#lines.isKnown(instruction, charges.stretch) ? 1 : weights[opcode]!);
      switch (opcode) {
        case op.end:
          if (charges.depth === 0) {
            reader.expectEnd("a function");
            return;
          }
          if (this.#labels.close()) this.#replace(at, reader.offset, [asm.end, asm.end]);
          charges.close(reader.offset);
          break;
        case op.block:
        case op.try:
          if (opcode === op.try) this.#facts.hasHandlers = true;
          check("type", index + 1, module.types.length + 1, at);
          this.#labels.open(false);
          charges.openBlock();
          break;
        case op.loop: {
          check("type", index + 1, module.types.length + 1, at);
          const isSplit = isPreempted && (index < 0 || module.types[index]!.params.length === 0);
          if (isSplit) this.#loops.push(this.#replace(at, reader.offset, []));
          this.#labels.open(isSplit);
          charges.openLoop(reader.offset, isSplit);
          break;
        }
        case op.if:
          check("type", index + 1, module.types.length + 1, at);
          this.#labels.open(false);
          charges.openArm(reader.offset);
          break;
        case op.br:
        case op.brIf:
        case op.rethrow:
          this.#relabel(instruction, reader, this.#labels.now(index, at));
          break;
        case op.brTable:
          this.#relabelTable(instruction, reader);
          break;
        case op.else:
        case op.catch:
        case op.catchAll:
          if (charges.depth === 0) throw malformed(at, "an arm of no block");
          charges.nextArm(reader.offset);
          break;
        case op.delegate:
          if (charges.depth === 0) throw malformed(at, "the end of no block");
          // Its label counts from outside its block.
          this.#labels.close();
          this.#relabel(instruction, reader, this.#labels.now(index, at));
          charges.close(reader.offset);
          break;
        case op.call:
        case op.returnCall:
          check("function", index, layout.functionCount, at);
          charges.addCall(index < layout.importedFunctionCount ? hostCallPoints : 0);
          this.#move(instruction, reader);
          break;
        case op.callIndirect:
        case op.returnCallIndirect:
          check("type", index, module.types.length, at);
          charges.addCall(0);
          break;
        case op.refFunc:
          check("function", index, layout.functionCount, at);
          this.#move(instruction, reader);
          break;
        case op.localGet:
        case op.localSet:
        case op.localTee:
          check("local", index, localCount, at);
          break;
        case op.globalGet:
        case op.globalSet:
          check("global", index, layout.globalCount, at);
          break;
        case op.memoryGrow:
          this.#callMemory(instruction, reader, this.#rewrite.helpers.grow);
          break;
        default:
          if (opcode !== op.tableSet && opcode < op.memoryInit) break;
          this.#facts.residue ??= residues.get(opcode);
          if (isPreempted) this.#bulk(instruction, reader);
      }
    }
  }

  /** Decides what is charged where in this function, to which these locals are added. */
  settle(locals: TurnLocals): Settlement {
    const { isPreempted, module, layout, helpers } = this.#rewrite;
    if (!isPreempted) return nothing;
    const settlement = this.#charges.settle();
    for (const [index, edit] of this.#loops.entries()) {
      const original = module.bytes.subarray(edit.at, edit.until);
      edit.bytes = loopHead(original, settlement.loops[index]!, locals, layout, helpers.tick);
      this.#growth += edit.bytes.length;
    }
    return settlement;
  }

  /** Writes the code, with these insertions among the edits; both are in the order of the code. */
  write(start: number, end: number, insertions: readonly { at: number; bytes: readonly number[] }[]): void {
    const { output, offsets, module } = this.#rewrite;
    let from = start;
    let hasRun = false;
    let next = 0;
    const upTo = (at: number) => {
      if (at === from) return;
      if (!hasRun) offsets.run(output.length, from);
      output.copy(module.bytes, from, at);
      from = at;
      hasRun = true;
    };
    const insertUpTo = (at: number) => {
      for (; next < insertions.length && insertions[next]!.at <= at; next++) {
        upTo(insertions[next]!.at);
        offsets.run(output.length, from);
        output.append(insertions[next]!.bytes);
        hasRun = false;
      }
    };
    for (const { at, until, bytes } of this.#edits) {
      insertUpTo(at);
      upTo(at);
      // What keeps its length moves nothing behind it: the run goes on.
      const isSameLength = bytes.length === until - at;
      if (!hasRun || !isSameLength) offsets.run(output.length, at);
      output.append(bytes);
      hasRun = isSameLength;
      from = until;
    }
    insertUpTo(end);
    upTo(end);
  }

  /** Lets a branch lead where it did, past the loops that were made two. */
  #relabel({ at, immediateAt, index }: Instruction, reader: ByteReader, now: number): void {
    if (now === index) return;
    const opcode = this.#rewrite.module.bytes.subarray(at, immediateAt);
    this.#replace(at, reader.offset, [...opcode, ...unsigned(now)]);
  }

  #relabelTable({ at, immediateAt }: Instruction, reader: ByteReader): void {
    if (!this.#labels.hasSplit) return;
    const targets = new ByteReader(reader.bytes, immediateAt, reader.offset);
    const count = targets.count();
    const bytes = [...this.#rewrite.module.bytes.subarray(at, targets.offset)];
    for (let left = count + 1; left > 0; left--) bytes.push(...unsigned(this.#labels.now(targets.u32(), at)));
    this.#replace(at, reader.offset, bytes);
  }

  /** Gives the function that an instruction names the index that it has now. */
  #move({ at, immediateAt, index }: Instruction, reader: ByteReader): void {
    const now = moved(this.#rewrite.layout, index);
    if (now === index) return;
    const opcode = this.#rewrite.module.bytes.subarray(at, immediateAt);
    this.#replace(at, reader.offset, [...opcode, ...unsigned(now)]);
  }

  /** Operations whose length is the last of their operands, and waits. */
  #bulk(instruction: Instruction, reader: ByteReader): void {
    const { helpers, module } = this.#rewrite;
    const { opcode, at } = instruction;
    const original = () => [...module.bytes.subarray(at, reader.offset)];
    switch (opcode) {
      case op.memoryFill:
        this.#callMemory(instruction, reader, helpers.fill);
        return;
      case op.memoryCopy:
        this.#callMemory(instruction, reader, helpers.copy);
        return;
      case op.memoryInit:
      case op.tableInit:
      case op.tableCopy:
      case op.tableGrow:
      case op.tableFill:
        this.#replace(at, at, asm.call(helpers.charge));
        return;
      case op.atomicWait32:
        this.#replace(at, reader.offset, asm.call(helpers.wait("wait32", original())));
        return;
      case op.atomicWait64:
        this.#replace(at, reader.offset, asm.call(helpers.wait("wait64", original())));
    }
  }

  /** Calls the host's function for an instruction. A module without memory has none, nor may it have the instruction. */
  #callMemory({ at }: Instruction, reader: ByteReader, helper: number): void {
    check("memory", 0, this.#rewrite.module.memories.length, at);
    this.#replace(at, reader.offset, asm.call(helper));
  }

  #replace(at: number, until: number, bytes: readonly number[]): Edit {
    const edit = { at, until, bytes };
    this.#edits.push(edit);
    this.#growth += bytes.length - (until - at);
    return edit;
  }
}

/** What code names must have been there: otherwise it would name what the host adds behind it. */
function check(what: string, index: number, count: number, at: number): void {
  if (index >= count) throw malformed(at, `no ${what} of that index`);
}
