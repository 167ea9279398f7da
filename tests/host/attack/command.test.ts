import { startCluster } from "../../support/cluster.ts";
import { startCommand } from "../../support/command.ts";
import { assert, suite, type TestContext } from "../../support/index.ts";

const test = suite("wray attack");

/** Two rounds of the list; `.ci/run` has all 1,000. */
const count = 260;
const timeoutMs = 270_000;

async function attack(t: TestContext, ...args: string[]): Promise<{ code: number | null; text: string }> {
  const command = startCommand(t, ["attack", ...args]);
  const { code } = await command.ended;
  return { code, text: command.text() };
}

test(
  "wray attack repels every attack on a host inside its process",
  async (t) => {
    const { code, text } = await attack(t, "--count", String(count), "--cpus", "2", "--seed", "embedded");
    assert.match(text, /all attacks repelled$/m, text);
    assert.match(text, new RegExp(`^attacks {3}${count} in .*, --seed embedded$`, "m"));
    assert.match(text, /^honest {4}\d+ tasks between them, 0 wrong$/m);
    assert.match(text, /^workers {3}2 before, 2 after$/m);
    assert.match(text, /^memory {4}[\d.]+ MiB before, [\d.]+ MiB after, /m);
    assert.is(code, 0);
    // Some of them write to the log what would steer a terminal; the bar is not drawn where there is none.
    assert.not.match(text, "\u001b");
  },
  { timeoutMs },
);

test("wray attack runs those alone that have the text of --only in their name", async (t) => {
  const { code, text } = await attack(t, "--count", "6", "--only", "trap", "--cpus", "1");
  assert.is(code, 0, text);
  assert.match(text, /│ trap +│ +6 │ TASK_ERROR/);
  assert.not.match(text, "fork bomb");
});

for (const [what, args, expected] of [
  ["no attack has such a name", ["--only", "no such"], 'no attack has "no such" in its name [INVALID_TASK]'],
  ["--cpus is given for a cluster", ["--servers", "x", "--cpus", "1"], "[INVALID_TASK]"],
  ["--count is 0", ["--count", "0"], "It must be an integer from 1."],
] as const) {
  test(`wray attack exits with 1 and says why when ${what}`, async (t) => {
    const { code, text } = await attack(t, ...args);
    assert.is(code, 1);
    assert.match(text, expected);
  });
}

test("wray attack exits with 1 and says why when the cluster has no host", async (t) => {
  const cluster = await startCluster(t, { hosts: 0 });
  const { code, text } = await attack(t, "--servers", cluster.server.url);
  assert.is(code, 1);
  assert.match(text, "cluster default has no host that could be attacked [INFEASIBLE_TASK]");
});
