import type { AdapterInfo, DeviceEvent, GpuDevice, Program } from "../../gpu/index.ts";
import { findKernel } from "../../scheduler/manifest/check.ts";
import { ModuleRejectedError } from "../../scheduler/protocol/errors.ts";
import type { GpuDispatches, KernelSignature } from "../../scheduler/protocol/manifest.ts";
import { mapValues } from "../../scheduler/protocol/map-values.ts";
import type { LoadedModule } from "../modules.ts";
import { GpuKernel, type Planner } from "./gpu-kernel.ts";

export type LaneDeps = {
  /** Its adapter is another one, or there is none any more. */
  changed(adapter: AdapterInfo | undefined): void;
  warn(text: string): void;
};

/** The way of tasks to the GPU of this machine, which is looked for when somebody wants it. */
export class GpuLane {
  readonly #deps: LaneDeps;
  /** Those that were asked for, by hash of the module and name. */
  readonly #kernels = new Map<string, Promise<GpuKernel>>();
  readonly #ready = new Map<string, GpuKernel>();
  readonly #programs = new Map<string, Promise<Program>>();
  #opening: Promise<GpuDevice> | undefined;
  #device: GpuDevice | undefined;
  #isGone = false;
  #isClosed = false;

  constructor(deps: LaneDeps) {
    this.#deps = deps;
  }

  /** What it runs on, once that is known. */
  get adapter(): AdapterInfo | undefined {
    return this.#isGone ? undefined : this.#device?.adapter;
  }

  /** Whether there was one, and is none any more. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /** Looks for an adapter, once. @throws InfeasibleTaskError when there is none, with the reasons */
  open(): Promise<GpuDevice> {
    this.#opening ??= this.#open();
    return this.#opening;
  }

  /** A kernel that is ready. */
  loaded(sha256: string, name: string): GpuKernel | undefined {
    return this.#ready.get(`${sha256} ${name}`);
  }

  /**
   * A kernel, once the device has its program.
   * @throws InfeasibleTaskError when there is no device; ModuleRejectedError with line and column for WGSL that is wrong
   */
  kernel(module: LoadedModule, name: string): Promise<GpuKernel> {
    const key = `${module.sha256} ${name}`;
    const known = this.#kernels.get(key);
    if (known !== undefined) return known;
    const preparing = this.#prepare(module, name);
    this.#kernels.set(key, preparing);
    preparing.then(
      (kernel) => this.#ready.set(key, kernel),
      () => this.#kernels.delete(key),
    );
    return preparing;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const device = await this.#opening?.catch(() => undefined);
    await device?.close();
  }

  async #open(): Promise<GpuDevice> {
    const { openGpu } = await import("../../gpu/index.ts");
    const device = await openGpu({ onEvent: (event) => this.#heard(event) });
    if (this.#isClosed) await device.close();
    this.#device = device;
    this.#deps.changed(device.adapter);
    return device;
  }

  #heard(event: DeviceEvent): void {
    const { changed, warn } = this.#deps;
    switch (event.type) {
      case "died":
        warn(`the process of the GPU died and starts again: ${event.reason}`);
        return;
      case "restarted":
        changed(event.adapter);
        return;
      case "gone":
        warn(`the GPU is gone: ${event.reason}`);
        this.#isGone = true;
        changed(undefined);
    }
  }

  async #prepare(module: LoadedModule, name: string): Promise<GpuKernel> {
    const { manifest } = module;
    const signature = findKernel(manifest, name);
    const label = `${manifest.module}/${name}`;
    const { gpu } = signature;
    if (gpu === undefined) throw new ModuleRejectedError(`${label} is no kernel for a GPU`);
    if ("field" in gpu) return new GpuKernel(label, signature, manifest, undefined, undefined);
    const device = await this.open();
    return new GpuKernel(label, signature, manifest, device, await this.#plannerOf(module, label, signature));
  }

  async #plannerOf(module: LoadedModule, label: string, signature: KernelSignature): Promise<Planner> {
    const { gpu } = signature;
    if (gpu !== undefined && "plan" in gpu) return this.#shippedPlan(gpu.plan, label);
    const { planKernel } = await import("../../gpu/index.ts");
    const program = await this.#program(module, (gpu as GpuDispatches).shader);
    return (args) => planKernel(label, signature, module.manifest, program, args);
  }

  /** A plan that comes with wray. */
  async #shippedPlan(name: string, label: string): Promise<Planner> {
    const { chooseMatmul, plansFor } = await import("../../gpu/index.ts");
    const matmul = name === "matmul" ? await chooseMatmul(await this.open()) : "register";
    const plans = plansFor({ matmul });
    const plan = Object.hasOwn(plans, name) ? plans[name] : undefined;
    if (plan === undefined)
      throw new ModuleRejectedError(`${label} is planned by ${name}, which this host does not know`, {
        remedy: `It knows ${Object.keys(plans).join(", ")}.`,
      });
    return (args) => {
      const { task, results } = plan(...(args as never[]));
      return { task, results: mapValues(results, ({ of, isScalar }) => (isScalar ? of : arrays[of])) };
    };
  }

  #program({ sha256, manifest }: LoadedModule, shader: string): Promise<Program> {
    const key = `${sha256} ${shader}`;
    let compiling = this.#programs.get(key);
    if (compiling === undefined) {
      compiling = this.open().then((device) => device.compile(shader, manifest.shaders![shader]!));
      this.#programs.set(key, compiling);
      compiling.catch(() => this.#programs.delete(key));
    }
    return compiling;
  }
}

const arrays = { f32: "Float32Array", u32: "Uint32Array", i32: "Int32Array" } as const;
