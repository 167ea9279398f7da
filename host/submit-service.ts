import type { Bus, Subscription } from "../scheduler/bus/bus.ts";
import type { Control } from "../scheduler/control/control.ts";
import { findModule, parseKernelName } from "../scheduler/control/find-module.ts";
import { checkArg, checkArgCount, findKernel } from "../scheduler/manifest/check.ts";
import { fromPlain, toPlain } from "../scheduler/manifest/plain.ts";
import {
  fromWireError,
  HostDiedError,
  ProtocolError,
  toWireError,
  type WireError,
} from "../scheduler/protocol/errors.ts";
import { randomId } from "../scheduler/protocol/ids.ts";
import type { Outcome } from "../scheduler/protocol/messages.ts";
import { protocolVersion, type Subjects } from "../scheduler/protocol/subjects.ts";
import {
  encodeReply,
  type Format,
  formatOf,
  parseSubmit,
  type SubmitReply,
  type SubmitRequest,
} from "../scheduler/protocol/submit.ts";
import { bytesOf, decodeValue, encodeValue } from "../scheduler/protocol/value.ts";
import { BusTask } from "./bus-task.ts";
import { CallTemplate } from "./call-template.ts";
import type { Executor } from "./executor.ts";
import type { Modules } from "./modules.ts";
import { version } from "./version.ts";

export type SubmitServiceDeps = {
  bus: Bus;
  subjects: Subjects;
  control: Control;
  modules: Modules;
  executor: Executor;
  hostId: string;
  cluster: string;
};

/** Answers tasks from any NATS client, in JSON or MessagePack. */
export function submitService(deps: SubmitServiceDeps): Promise<Subscription> {
  const { bus, subjects, hostId, cluster } = deps;
  return bus.serve(
    {
      name: "wray",
      version,
      description: "Runs a kernel and answers with its result",
      endpoint: "submit",
      subject: subjects.submit,
      metadata: { host: hostId, cluster },
    },
    async (payload) => {
      const format = formatOf(payload);
      const head: { v: number; host: string; id?: string } = { v: protocolVersion, host: hostId };
      try {
        const request = parseSubmit(payload, format);
        head.id = request.id ?? randomId();
        const reply = encodeReply({ ...head, value: await run(request, head.id, format, deps) }, format);
        if (reply.byteLength <= bus.maxPayloadBytes) return reply;
        throw new ProtocolError(
          `the result has ${reply.byteLength} bytes; the NATS server carries ${bus.maxPayloadBytes}`,
          { remedy: "Get it with the TypeScript client, which fetches it in chunks." },
        );
      } catch (error) {
        return encodeReply(
          { ...head, error: withoutStacks(toWireError(error)) } satisfies SubmitReply,
          format,
        );
      }
    },
  );
}

async function run(
  { kernel, args, grant, seed, id: _, ...limits }: SubmitRequest,
  id: string,
  format: Format,
  { control, modules, executor, hostId }: SubmitServiceDeps,
): Promise<unknown> {
  const { module: moduleName, name } = parseKernelName(kernel);
  const module = await modules.get(await findModule(control, moduleName));
  const signature = findKernel(module.manifest, name);
  const { classes } = module.manifest;
  checkArgCount(kernel, signature, args.length);
  const encoded = args.map((plain, index) => {
    const value = fromPlain(signature.params[index]!.type, plain, classes);
    checkArg(kernel, signature, index, value, classes);
    return encodeValue(value);
  });
  const template = new CallTemplate(
    { module: module.sha256, kernel: name, limits, ...(grant && { grant }) },
    undefined,
  );
  const outcome = await new Promise<Outcome>((resolve) => {
    executor.run(new BusTask(template, id, encoded, { seed }, (_, outcome) => resolve(outcome)));
  });
  switch (outcome.kind) {
    case "value":
      return toPlain(signature.returns, decodeValue(bytesOf(outcome.value)), format, classes);
    case "error":
      throw fromWireError(outcome.error);
    case "returned":
      throw new HostDiedError(`host ${hostId} stopped before ${kernel} was done`, {
        remedy: "Send the task again; another host answers.",
      });
    case "stored":
      throw new Error("a result without an owner is not stored");
  }
}

/** A stack tells strangers about the host and helps them with nothing. */
function withoutStacks({ stack: _, cause, ...error }: WireError): WireError {
  return cause === undefined ? error : { ...error, cause: withoutStacks(cause) };
}
