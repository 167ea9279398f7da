import { defaultMaxRetries } from "../scheduler/client/task-options.ts";
import type { Control } from "../scheduler/control/control.ts";
import { findModule, parseKernelName } from "../scheduler/control/find-module.ts";
import { checkArg, checkArgCount, findKernel } from "../scheduler/manifest/check.ts";
import { fromPlain, toPlain } from "../scheduler/manifest/plain.ts";
import { defaultGpuNeed } from "../scheduler/placement/resources.ts";
import type { Outcome } from "../scheduler/protocol/messages.ts";
import type { Format, SubmitRequest } from "../scheduler/protocol/submit.ts";
import { bytesOf, decodeValue, type Encoded, encodeValue } from "../scheduler/protocol/value.ts";
import { BusTask } from "./bus-task.ts";
import { CallTemplate } from "./call-template.ts";
import type { Executor } from "./executor.ts";
import type { ModuleSource } from "./modules.ts";

export type RunRequestDeps = { control: Control; modules: ModuleSource; executor: Executor };

export type EncodedRequest = { module?: string | undefined; values?: Uint8Array[] | undefined };

export type Ran = {
  outcome: Outcome;
  /** A result of this kernel as plain data. */
  plainOf(encoded: Encoded, format: Format): unknown;
};

/**
 * Runs a task as any NATS client writes it.
 * @param encoded arguments that take the place of `args`, and the hash of a module, of that of its name
 * @throws the errors of a task that can't begin
 */
export async function runRequest(
  { kernel, args, grant, seed, id: _, ...limits }: SubmitRequest,
  id: string,
  { control, modules, executor }: RunRequestDeps,
  { module: sha256, values }: EncodedRequest = {},
): Promise<Ran> {
  const { module: moduleName, name } = parseKernelName(kernel);
  const module = await modules.get(await findModule(control, sha256 ?? moduleName));
  const signature = findKernel(module.manifest, name);
  const { classes } = module.manifest;
  checkArgCount(kernel, signature, (values ?? args).length);
  const encoded =
    values ??
    args.map((plain, index) => {
      const value = fromPlain(signature.params[index]!.type, plain, classes);
      checkArg(kernel, signature, index, value, classes);
      return encodeValue(value);
    });
  const need = signature.gpu === undefined ? undefined : defaultGpuNeed;
  const options = { limits, ...(grant && { grant }), ...(need && { need }) };
  const facts = { module: module.sha256, kernel: name };
  const outcome =
    need === undefined || executor.hasGpu
      ? await new Promise<Outcome>((resolve) => {
          const template = new CallTemplate({ ...facts, ...options }, undefined);
          executor.run(new BusTask(template, id, encoded, { seed }, (_, ended) => resolve(ended)));
        })
      : await executor.runElsewhere({
          template: { label: kernel, ...facts, maxRetries: defaultMaxRetries, options },
          args: encoded,
        });
  return {
    outcome,
    plainOf: (encoded, format) => toPlain(signature.returns, decodeValue(bytesOf(encoded)), format, classes),
  };
}
