import { findModule, parseKernelName } from "../../../scheduler/control/find-module.ts";
import { memoryControl } from "../../../scheduler/control/memory.ts";
import { assert, rejects, suite, throwsCode } from "../../support/index.ts";

const test = suite("control/find-module");

const sha256 = "0123456789abcdef".repeat(4);

test("parseKernelName() splits module and function", () => {
  assert.equal(parseKernelName("math/add"), { module: "math", name: "add" });
  assert.equal(parseKernelName("my-module_2/$f_1"), { module: "my-module_2", name: "$f_1" });
  assert.equal(parseKernelName(`${sha256}/f`), { module: sha256, name: "f" });
});

test("parseKernelName() throws KernelNotFoundError when a name is of another form", () => {
  const long = `${"m".repeat(65)}/f`;
  for (const name of [
    "",
    "add",
    "/add",
    "math/",
    "a/b/c",
    "math/1st",
    "math.x/f",
    "math/a b",
    "math/add\n",
    long,
  ]) {
    const error = throwsCode(() => parseKernelName(name), "KERNEL_NOT_FOUND");
    assert.is(error.message, `${JSON.stringify(name)} names no kernel`);
  }
});

test("findModule() looks a name up, and takes a hash as it is", async () => {
  const control = memoryControl();
  await control.nameModule("mine", sha256);
  assert.is(await findModule(control, "mine"), sha256);
  assert.is(await findModule(control, sha256.replace("0", "f")), sha256.replace("0", "f"));
  const error = await rejects(findModule(control, "other"), "MODULE_NOT_FOUND");
  assert.match(error.message, 'no module "other"');
});
