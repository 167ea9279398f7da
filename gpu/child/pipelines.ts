import { InvalidTaskError, ModuleRejectedError } from "../../scheduler/protocol/errors.ts";
import type { Id, Layout, PipelineMessage } from "../wire/messages.ts";
import { computeStage } from "./usage.ts";

export type Pipeline = {
  pipeline: GPUComputePipeline;
  layout: Layout;
  groups: GPUBindGroupLayout[];
  /** The same for pipelines whose bind groups may serve each other. */
  layoutId: number;
};

type Program = { name: string; wgsl: string; module: GPUShaderModule | undefined };
type KnownLayout = { id: number; groups: GPUBindGroupLayout[]; layout: GPUPipelineLayout };

/** Programs and pipelines, each compiled when a task first needs it, by the parent's numbers for them. */
export class Pipelines {
  readonly #device: GPUDevice;
  readonly #programs = new Map<Id, Program>();
  readonly #messages = new Map<Id, PipelineMessage>();
  readonly #compiled = new Map<Id, Pipeline>();
  readonly #layouts = new Map<string, KnownLayout>();

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  addProgram(id: Id, name: string, wgsl: string): void {
    this.#programs.set(id, { name, wgsl, module: undefined });
  }

  add(message: PipelineMessage): void {
    this.#messages.set(message.id, message);
  }

  forget(program: Id, pipelines: readonly Id[]): void {
    this.#programs.delete(program);
    for (const id of pipelines) {
      this.#messages.delete(id);
      this.#compiled.delete(id);
    }
  }

  /** One that is compiled. */
  get(id: Id): Pipeline | undefined {
    return this.#compiled.get(id);
  }

  /** @throws ModuleRejectedError with the place of the first error */
  async check(name: string, wgsl: string): Promise<GPUShaderModule> {
    // What is wrong with it is asked of the module itself.
    this.#device.pushErrorScope("validation");
    const module = this.#device.createShaderModule({ code: wgsl });
    void this.#device.popErrorScope();
    const error = firstError(await module.getCompilationInfo());
    if (error !== undefined) throw rejected(name, wgsl, error);
    return module;
  }

  /** @throws ModuleRejectedError, InvalidTaskError for constants that don't fit the device */
  async compile(id: Id): Promise<Pipeline> {
    const { program: programId, entry, constants, layout } = this.#messages.get(id)!;
    const program = this.#programs.get(programId)!;
    program.module ??= await this.check(program.name, program.wgsl);
    const known = this.#layout(layout);
    try {
      const pipeline = await this.#device.createComputePipelineAsync({
        layout: known.layout,
        compute: { module: program.module, entryPoint: entry, constants },
      });
      const compiled = { pipeline, layout, groups: known.groups, layoutId: known.id };
      this.#compiled.set(id, compiled);
      return compiled;
    } catch (error) {
      throw new InvalidTaskError(`${program.name}, ${entry}: ${(error as Error).message}`, {
        data: { program: program.name, entry },
      });
    }
  }

  #layout(layout: Layout): KnownLayout {
    const key = JSON.stringify(layout);
    let known = this.#layouts.get(key);
    if (known === undefined) {
      const groups = layout.map((bindings) =>
        this.#device.createBindGroupLayout({
          entries: bindings.map(({ binding, type, minBytes }) => ({
            binding,
            visibility: computeStage,
            buffer: { type, hasDynamicOffset: type === "uniform", minBindingSize: minBytes },
          })),
        }),
      );
      const pipelineLayout = this.#device.createPipelineLayout({ bindGroupLayouts: groups });
      known = { id: this.#layouts.size, groups, layout: pipelineLayout };
      this.#layouts.set(key, known);
    }
    return known;
  }
}

const firstError = ({ messages }: GPUCompilationInfo) => messages.find(({ type }) => type === "error");

/** An error with the line that it is in, as compilers show it. */
function rejected(name: string, wgsl: string, { message, lineNum, linePos }: GPUCompilationMessage) {
  const line = (wgsl.split("\n")[lineNum - 1] ?? "").slice(0, 200);
  const shown = lineNum === 0 ? "" : `\n  ${line}\n  ${" ".repeat(Math.max(0, linePos - 1))}^`;
  return new ModuleRejectedError(`${name}:${lineNum}:${linePos}: ${message}${shown}`, {
    remedy: "Correct the WGSL there.",
    data: { program: name, line: lineNum, column: linePos, source: line },
  });
}
