import { gpuSuite } from "../gpu/gpu-suite.ts";
import { startCommand } from "../support/command.ts";
import { assert } from "../support/index.ts";

const test = gpuSuite("wray gpu");

test("wray gpu show prints what a host would offer, and gpu setup that it is ready", async (t) => {
  const show = startCommand(t, ["gpu", "show"]);
  assert.is((await show.ended).code, 0, show.text());
  for (const line of [/^adapter +\S/m, /^kind +(software|hardware)$/m, /^memoryBytes +\d+$/m, /^features /m])
    assert.match(show.text(), line);
  const setup = startCommand(t, ["gpu", "setup"]);
  assert.is((await setup.ended).code, 0, setup.text());
  assert.match(setup.text(), /\((software|hardware)\) is ready/);
});

test("wray gpu setup says what it tried where there is nothing to be had", async (t) => {
  // No drivers, no package manager, and an empty cache.
  const env = { PATH: "/none", XDG_CACHE_HOME: "/none", VK_DRIVER_FILES: "/none" };
  const setup = startCommand(t, ["gpu", "setup"], { env });
  assert.is((await setup.ended).code, 1, setup.text());
  assert.match(
    setup.text(),
    /this machine has no GPU, and none in software could be had:\n +what is there: /,
  );
});
