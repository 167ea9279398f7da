import { ByteReader } from "../../scheduler/wasm/byte-reader.ts";
import { unsigned } from "../../scheduler/wasm/leb128.ts";
import { malformed, unsupported } from "../../scheduler/wasm/reject.ts";
import * as asm from "./assembler.ts";
import { Charges, type Settlement } from "./charges.ts";
import { addedLabels, aroundLoop, type TurnLocals } from "./checks.ts";
import type { CodeFacts, CodeRewrite } from "./code.ts";
import { mostLoops } from "./complexity.ts";
import { EditList, type Insertion } from "./edit-list.ts";
import { type Instruction, readInstruction } from "./instruction.ts";
import { Labels } from "./labels.ts";
import { moved } from "./layout.ts";
import { Lines } from "./lines.ts";
import { op } from "./opcodes.ts";
import { hostCallPoints, weights } from "./weights.ts";

/** Instructions after which an instance can't be put back, and why. */
const residues = new Map<number, string>([
  [op.dataDrop, "it drops data segments"],
  [op.elemDrop, "it drops element segments"],
  ...[op.tableSet, op.tableInit, op.tableCopy, op.tableGrow, op.tableFill].map(
    (opcode) => [opcode, "it changes a table"] as const,
  ),
]);

/** What takes longer the larger its operands are. */
const bulkOperations: ReadonlySet<number> = new Set([
  ...[op.memoryInit, op.memoryCopy, op.memoryFill, op.tableInit, op.tableCopy, op.tableGrow, op.tableFill],
]);

/** The edits at the start and the end of a loop, by their numbers. */
type LoopEdits = { head: number; tail: number };

/** Reads one body after the other, and holds what is to be changed in the code of the last. */
export class BodyEdits {
  readonly #rewrite: CodeRewrite;
  readonly #facts: CodeFacts;
  readonly #edits = new EditList();
  readonly #charges = new Charges();
  readonly #lines = new Lines();
  readonly #labels = new Labels<LoopEdits>();
  /** In the order of the code. */
  readonly #loops: LoopEdits[] = [];
  /** What was put around loops: most are like one before. */
  readonly #around = new Map<string, ReturnType<typeof aroundLoop>>();
  #loopCount = 0;
  readonly #instruction: Instruction = { opcode: 0, at: 0, immediateAt: 0, index: 0, offset: 0 };

  constructor(rewrite: CodeRewrite, facts: CodeFacts) {
    this.#rewrite = rewrite;
    this.#facts = facts;
  }

  /** Reads the code of a function with so many parameters and locals, to its last `end`. */
  read(reader: ByteReader, localCount: number): void {
    const { layout, isPreempted, stateless } = this.#rewrite;
    const instruction = this.#instruction;
    const charges = this.#charges;
    const lines = this.#lines;
    this.#edits.clear();
    this.#loops.length = 0;
    this.#loopCount = 0;
    lines.clear();
    this.#labels.clear();
    charges.begin(reader.offset);
    while (true) {
      readInstruction(reader, instruction);
      const { opcode, index, at } = instruction;
      stateless.read(opcode, index);
      charges.add(this.#pointsOf(instruction));
      switch (opcode) {
        case op.end: {
          if (charges.depth === 0) {
            reader.expectEnd("a function");
            return;
          }
          const loop = this.#labels.close();
          if (loop !== undefined) loop.tail = this.#edits.add(at, reader.offset);
          charges.close(reader.offset);
          break;
        }
        case op.try:
          this.#facts.hasHandlers = true;
          this.#checkBlockType(instruction);
          this.#labels.open();
          charges.openBlock();
          break;
        case op.block:
          this.#checkBlockType(instruction);
          this.#labels.open();
          charges.openBlock();
          break;
        case op.loop:
          this.#checkBlockType(instruction);
          this.#openLoop(instruction, reader);
          break;
        case op.if:
          this.#checkBlockType(instruction);
          this.#labels.open();
          charges.openArm(reader.offset);
          break;
        case op.else:
        case op.catch:
        case op.catchAll:
          if (charges.depth === 0) throw malformed(at, "an arm of no block");
          charges.nextArm(reader.offset);
          break;
        case op.delegate:
          if (charges.depth === 0) throw malformed(at, "the end of no block");
          if (this.#labels.close() !== undefined) throw malformed(at, "a loop that delegates");
          // Its label counts from outside its block.
          this.#relabel(instruction, reader);
          charges.close(reader.offset);
          break;
        case op.br:
        case op.brIf:
          charges.branch(index);
          this.#relabel(instruction, reader);
          break;
        case op.rethrow:
          this.#relabel(instruction, reader);
          break;
        case op.brTable:
          this.#relabelTable(instruction, reader);
          break;
        case op.call:
        case op.returnCall:
          check("function", index, layout.functionCount, at);
          charges.addCall(index < layout.importedFunctionCount ? hostCallPoints : 0);
          this.#move(instruction, reader);
          break;
        case op.callIndirect:
        case op.returnCallIndirect:
          check("type", index, this.#rewrite.module.types.length, at);
          charges.addCall(0);
          break;
        case op.refFunc:
          check("function", index, layout.functionCount, at);
          this.#move(instruction, reader);
          break;
        case op.localGet:
          check("local", index, localCount, at);
          lines.get(index, reader.offset);
          break;
        case op.localSet:
        case op.localTee:
          check("local", index, localCount, at);
          lines.set(index);
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
          else if (bulkOperations.has(opcode)) this.#edits.add(at, at, asm.call(this.#rewrite.helpers.pause));
      }
    }
  }

  /** Decides what is charged where in this function, to which these locals are added. */
  settle(locals: TurnLocals): Settlement {
    const { isPreempted, module, layout, helpers } = this.#rewrite;
    if (!isPreempted) return { entryUnits: 0, charges: [], loops: [] };
    const settlement = this.#charges.settle();
    for (const [index, { head, tail }] of this.#loops.entries()) {
      const original = module.bytes.subarray(...this.#edits.place(head));
      const charge = settlement.loops[index]!;
      const key = `${original} ${locals.left} ${charge.isCounted} ${charge.isOutermost} ${charge.turnUnits}`;
      const around = this.#around.get(key) ?? aroundLoop(original, charge, locals, layout, helpers.tick);
      this.#around.set(key, around);
      this.#edits.decide(head, around.head);
      this.#edits.decide(tail, around.tail);
    }
    return settlement;
  }

  /** How much longer the code gets, once it is settled. */
  get growth(): number {
    return this.#edits.growth;
  }

  /** Writes the code, with these insertions among the edits; both are in the order of the code. */
  write(start: number, end: number, insertions: readonly Insertion[]): void {
    this.#edits.write(this.#rewrite.module.bytes, start, end, insertions, this.#rewrite);
  }

  #pointsOf({ opcode, at, offset }: Instruction): number {
    const isLoad = opcode >= op.firstLoad && opcode <= op.lastLoad;
    return isLoad && this.#lines.isKnown(at, offset, this.#charges.stretch) ? 1 : weights[opcode]!;
  }

  #openLoop({ at, index }: Instruction, reader: ByteReader): void {
    const { isPreempted, module } = this.#rewrite;
    if (++this.#loopCount > mostLoops) throw unsupported(`more than ${mostLoops} loops`);
    const canHaveTurns = index < 0 || module.types[index]!.params.length === 0;
    if (isPreempted && canHaveTurns) {
      const loop = { head: this.#edits.add(at, reader.offset), tail: -1 };
      this.#loops.push(loop);
      this.#labels.open(loop, addedLabels);
    } else {
      this.#labels.open();
    }
    this.#charges.openLoop(reader.offset, canHaveTurns);
  }

  /** Lets a branch lead where it did, past the blocks that are put around loops. */
  #relabel({ at, immediateAt, index }: Instruction, reader: ByteReader): void {
    const now = this.#labels.now(index, at);
    if (now !== index) this.#edits.renumber(at, immediateAt, reader.offset, now);
  }

  #relabelTable({ at, immediateAt }: Instruction, reader: ByteReader): void {
    const targets = new ByteReader(reader.bytes, immediateAt, reader.offset);
    const count = targets.count();
    const bytes = [...reader.bytes.subarray(at, targets.offset)];
    for (let left = count + 1; left > 0; left--) {
      const label = targets.u32();
      this.#charges.branch(label);
      bytes.push(...unsigned(this.#labels.now(label, at)));
    }
    if (this.#labels.hasAdded) this.#edits.add(at, reader.offset, bytes);
  }

  /** Gives the function that an instruction names the index that it has now. */
  #move({ at, immediateAt, index }: Instruction, reader: ByteReader): void {
    const now = moved(this.#rewrite.layout, index);
    if (now !== index) this.#edits.renumber(at, immediateAt, reader.offset, now);
  }

  /** Operations whose length is the last of their operands, and waits. */
  #bulk(instruction: Instruction, reader: ByteReader): void {
    const { helpers } = this.#rewrite;
    const { opcode, at } = instruction;
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
        this.#edits.add(at, at, asm.call(helpers.charge));
        return;
      case op.atomicWait32:
      case op.atomicWait64: {
        const original = [...reader.bytes.subarray(at, reader.offset)];
        const helper = helpers.wait(opcode === op.atomicWait32 ? "wait32" : "wait64", original);
        this.#callMemory(instruction, reader, helper);
      }
    }
  }

  /** Calls the host's function for an instruction. A module without memory has none, nor may it have the instruction. */
  #callMemory({ at }: Instruction, reader: ByteReader, helper: number): void {
    check("memory", 0, this.#rewrite.module.memories.length, at);
    this.#edits.add(at, reader.offset, asm.call(helper));
  }

  #checkBlockType({ index, at }: Instruction): void {
    if (index >= 0) check("type", index, this.#rewrite.module.types.length, at);
  }
}

/** What code names must have been there: otherwise it would name what the host adds behind it. */
function check(what: string, index: number, count: number, at: number): void {
  if (index >= count) throw malformed(at, `no ${what} of that index`);
}
