import type { Entry, Program } from "../../scheduler/wgsl/program.ts";
import { leastBytes } from "../../scheduler/wgsl/shape.ts";
import type { BindingType, Id, Layout, ToChild } from "../wire/messages.ts";

type Known = { id: Id; program: Program; entry: Entry; constants: Readonly<Record<string, number>> };

const types: Record<string, BindingType> = {
  uniform: "uniform",
  read: "read-only-storage",
  read_write: "storage",
};

/** So many programs are kept, with all that was made of them. */
const mostPrograms = 256;

/** The pipelines that tasks have asked for, by WGSL, entry point and constants, and what the child knows of them. */
export class KnownPipelines {
  readonly #programs = new Map<string, { id: Id; pipelines: Map<string, Known> }>();
  readonly #byId = new Map<Id, Known>();
  readonly #proven = new Set<Id>();
  #sent = new Set<Id>();
  #nextId = 1;

  idOf(program: Program, entry: Entry, constants: Readonly<Record<string, number>>): Id {
    const { pipelines } = this.#program(program);
    let key = entry.name;
    for (const name of Object.keys(constants).sort()) key += ` ${name}=${constants[name]}`;
    let known = pipelines.get(key);
    if (known === undefined) {
      known = { id: this.#nextId++, program, entry, constants };
      pipelines.set(key, known);
      this.#byId.set(known.id, known);
    }
    return known.id;
  }

  /** What the child has to hear before it can use the pipeline. */
  *introduce(id: Id): Iterable<ToChild> {
    if (this.#sent.has(id)) return;
    this.#sent.add(id);
    const { program, entry, constants } = this.#byId.get(id)!;
    const programId = this.#program(program).id;
    if (!this.#sent.has(programId)) {
      this.#sent.add(programId);
      yield { kind: "program", id: programId, name: program.name, wgsl: program.wgsl };
    }
    yield {
      kind: "pipeline",
      id,
      program: programId,
      entry: entry.name,
      constants: { ...constants },
      layout: layoutOf(entry),
    };
  }

  /** A task with it has come to its end. */
  prove(id: Id): void {
    this.#proven.add(id);
  }

  /** It may be what made the device hang. */
  doubt(id: Id): void {
    this.#proven.delete(id);
  }

  readonly isProven = (id: Id): boolean => this.#proven.has(id);

  /** There is a new child, which knows nothing. */
  forgetSent(): void {
    this.#sent = new Set();
  }

  /** Forgets the programs that were not used for the longest, when there are many. Returns what the child is told. */
  prune(most = mostPrograms): ToChild[] {
    const told: ToChild[] = [];
    for (const [wgsl, { id, pipelines }] of this.#programs) {
      if (this.#programs.size <= most) break;
      this.#programs.delete(wgsl);
      const ids = [...pipelines.values()].map((each) => each.id);
      for (const each of ids) {
        this.#byId.delete(each);
        this.#proven.delete(each);
      }
      told.push({ kind: "forget", program: id, pipelines: ids });
    }
    return told;
  }

  /** It was used just now. */
  #program(program: Program) {
    const { wgsl } = program;
    const known = this.#programs.get(wgsl) ?? { id: this.#nextId++, pipelines: new Map() };
    this.#programs.delete(wgsl);
    this.#programs.set(wgsl, known);
    return known;
  }
}

function layoutOf(entry: Entry): Layout {
  const groupCount = Math.max(0, ...entry.bindings.map(({ group }) => group + 1));
  return Array.from({ length: groupCount }, (_, group) =>
    entry.bindings
      .filter((binding) => binding.group === group)
      .map(({ binding, access, shape }) => ({ binding, type: types[access]!, minBytes: leastBytes(shape) })),
  );
}
