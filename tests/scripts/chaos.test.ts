import { assert, suite } from "../support/index.ts";
import { startProcessGroup } from "../support/process-group.ts";

const test = suite("chaos");

test(
  "chaos loses nothing and leaks nothing, and leaves nothing behind",
  async (t) => {
    const args = ["build/scripts/chaos/main.mjs", "--minutes", "0.25", "--seed", "1"];
    const chaos = await startProcessGroup(t, () => args);
    let text = "";
    for (const stream of [chaos.child.stdout!, chaos.child.stderr!]) {
      stream.on("data", (chunk: Buffer) => {
        text += chunk;
      });
    }
    assert.is(await chaos.ended, 0, text);
    console.log(text);
    assert.match(text, /^losses {4}0$/m);
    assert.match(text, /^leaks {5}0$/m);
    for (const kind of ["host killed", "host frozen", "worker ended"]) {
      assert.match(text, new RegExp(`│ ${kind} +│ +[1-9]`));
    }
    for (const work of ["nested tasks", "tree reduction", "shuffle of 10 MB", "durable jobs"]) {
      assert.match(text, new RegExp(`^rounds .*${work} [1-9]`, "m"));
    }
    assert.equal(await chaos.leftovers(), []);
  },
  { timeoutMs: 150_000 },
);
