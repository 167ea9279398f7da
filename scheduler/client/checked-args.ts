import { checkArg, checkArgCount, checkGaps } from "../manifest/check.ts";
import { InvalidTaskError } from "../protocol/errors.ts";
import type { KernelSignature } from "../protocol/manifest.ts";
import type { Backend } from "./backend.ts";
import type { ModuleFacts } from "./module.ts";
import { handleOf, ObjectRef } from "./object-ref.ts";

/**
 * The arguments of a call, with handles for refs.
 * @param name what is called, for messages
 * @throws InvalidTaskError when they don't fit, naming the parameter, or a ref is not of this client
 */
export function checkedArgs(
  name: string,
  { signature, module, backend }: { signature: KernelSignature; module: ModuleFacts; backend: Backend },
  args: readonly unknown[],
): unknown[] {
  checkArgCount(name, signature, args.length);
  checkGaps(name, signature, args);
  return args.map((arg, index) => {
    if (!(arg instanceof ObjectRef)) {
      checkArg(name, signature, index, arg, module.manifest.classes);
      return arg;
    }
    const handle = handleOf(arg);
    if (backend.owns(handle)) return handle;
    throw new InvalidTaskError(
      `${name}: parameter ${signature.params[index]!.name} is a ref of another client, or one that was freed`,
      { remedy: "Get its value and pass that.", data: { kernel: name, id: arg.id } },
    );
  });
}
