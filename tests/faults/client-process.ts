// node client-process.mjs URL MODULE HOW [CLUSTER]: a client in a process of its own, which is told by HOW to end.
import { init } from "wray";

const [servers, module, how, cluster = "default"] = process.argv.slice(2);
const wray = await init(servers === "embedded" ? {} : { servers: servers!, cluster });
const probe = await wray.load(module!);
const sum = await wray.get(probe.kernel("checksum").remote(probe.kernel("bytes").remote(100_000, 1)));
console.log(`sum ${sum}`);
switch (how) {
  case "with tasks": {
    const refs = Array.from({ length: 50 }, (_, index) =>
      probe.kernel("busy").remote(`${index}`, 20_000_000),
    );
    await wray.wait(refs, { numReturns: 5 });
    console.log("working");
    await wray.get(refs);
    break;
  }
  case "endless": {
    const [large, spin] = [probe.kernel("bytes").remote(100_000, 1), probe.kernel("spin").remote()];
    await wray.get([large, spin]);
    break;
  }
  case "with a group":
    await wray.placementGroup([{ cpu: 1 }, { cpu: 1 }]);
    console.log("holding");
    break;
  case "shutdown":
    await wray.shutdown();
    break;
  case "using": {
    await using other = wray;
    other.put(1);
    break;
  }
  case "forgetful":
    // It neither waits for this nor shuts down.
    probe.kernel("join").remote("a", "b");
}
