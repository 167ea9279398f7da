import { capabilitiesOf, checkImports, hostImports } from "../../../scheduler/manifest/imports.ts";
import type { WrayError } from "../../../scheduler/protocol/errors.ts";
import { externalKinds, type Import } from "../../../scheduler/wasm/module.ts";
import { assert, suite, throwsCode } from "../../support/index.ts";

const test = suite("manifest/imports");

const functionOf = (module: string, name: string): Import => ({ module, name, kind: "function" });

test("checkImports() takes every function that a host gives", () => {
  const imports = [...hostImports.keys()].map((text) => {
    // No module's name has a dot, so no other pair of names is taken for this one.
    const [, module, name] = /^([^.]+)\.(.+)$/.exec(text)!;
    return functionOf(module!, name!);
  });
  checkImports({ imports }, "x.wasm");
  checkImports({ imports: [] }, "x.wasm");
});

test("checkImports() names each function that no host gives", () => {
  const names: [string, string][] = [
    ["env.Date", "now"],
    ["env.console", "log"],
    ["__proto__", "constructor"],
    ["env", "__proto__"],
    ["wray", "toString"],
    ["wray", ""],
    ["", "wray.log"],
    ["wray.log", ""],
    ["wray", "log.log"],
    ["WRAY", "log"],
  ];
  const imports = [functionOf("wray", "log"), ...names.map(([module, name]) => functionOf(module, name))];
  const error = throwsCode(() => checkImports({ imports }, "x.wasm"), "MODULE_REJECTED") as WrayError;
  const texts = names.map(([module, name]) => `${module}.${name}`);
  assert.is(error.message, `x.wasm imports what no host gives: ${texts.join(", ")}`);
  assert.equal(error.data, { imports: texts });
  assert.match(error.remedy!, "env.abort");
});

test("checkImports() refuses whatever is no function, by its kind", () => {
  for (const kind of externalKinds.filter((each) => each !== "function")) {
    const imports = [{ module: "env", name: "abort", kind }];
    const { message } = throwsCode(() => checkImports({ imports }, "x.wasm"), "MODULE_REJECTED");
    assert.match(message, `env.abort (a ${kind})`);
  }
});

test("capabilitiesOf() gives what the imports can make use of, each once", () => {
  const of = (...names: string[]) => capabilitiesOf(names.map((name) => ({ module: "wray", name })));
  assert.equal(of(), []);
  assert.equal(of("random", "progress"), []);
  assert.equal(of("log", "clock", "log"), ["clock", "log"]);
  assert.equal(capabilitiesOf([{ module: "env", name: "abort" }]), []);
});
