import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import type { Manifest } from "../../scheduler/protocol/manifest.ts";
import { assert, suite, type TestContext } from "../support/index.ts";
import { asc, compile, fixtures, root } from "./asc.ts";

const test = suite("options of the transform");

/** A folder of the repository with these files, so that `wray` is found from it. */
async function folderWith(t: TestContext, files: Record<string, object>): Promise<string> {
  const folder = await mkdtemp(join(root, "build/options-"));
  t.after(() => rm(folder, { recursive: true }));
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(folder, name), JSON.stringify(content));
  }
  return relative(root, folder);
}

const entry = `${fixtures}/state.ts`;
const base = { extends: "wray/asconfig.json" };

const preemptOf = async (config: string): Promise<Manifest["preempt"]> =>
  (await compile(entry, ["--config", config, "--target", "debug"])).manifest.preempt;

const slow = { timeoutMs: 120_000 };

test(
  "manifest says preempt: false when the asconfig.json in use does, or one that it extends",
  async (t) => {
    const folder = await folderWith(t, {
      "none.json": { ...base, wray: { preempt: false } },
      "extending.json": { extends: "./none.json" },
      "again.json": { extends: "./none.json", wray: { preempt: true } },
      "silent.json": base,
    });
    const names = ["none", "extending", "again", "silent"];
    const said = await Promise.all(names.map((name) => preemptOf(`${folder}/${name}.json`)));
    assert.equal(said, [false, false, undefined, undefined]);
  },
  slow,
);

test(
  "asc refuses options that it does not know, and values that are none",
  async (t) => {
    const folder = await folderWith(t, {
      "unknown.json": { ...base, wray: { preemt: false, other: 1 } },
      "text.json": { ...base, wray: { preempt: "no" } },
      "list.json": { ...base, wray: [] },
    });
    const refusal = async (name: string) => {
      const { exitCode, stderr } = await asc([entry, "--noEmit", "--config", `${folder}/${name}.json`]);
      assert.is(exitCode, 1);
      return stderr;
    };
    const [unknown, text, list] = await Promise.all(["unknown", "text", "list"].map(refusal));
    assert.match(
      unknown!,
      /"wray" in \S+unknown\.json has the unknown option 'preemt'\. It may have preempt\./,
    );
    assert.match(unknown!, "has the unknown option 'other'.");
    assert.match(text!, /"preempt" in \S+text\.json must be true or false\./);
    assert.match(list!, /"wray" in \S+list\.json is no object\./);
  },
  slow,
);
