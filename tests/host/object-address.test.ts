import { decodeObjectReply, encodeMessage } from "../../scheduler/protocol/codec.ts";
import { startCluster } from "../support/cluster.ts";
import { assert, suite } from "../support/index.ts";

const test = suite("--object-address");

/** Addresses of this machine alone, all of 127.0.0.0/8. */
for (const [args, address] of [
  [[], "127.0.0.1"],
  [["--object-address", "127.0.0.2"], "127.0.0.2"],
] as const) {
  test(`a host's door is at ${address} when it is given ${args.join(" ") || "no address"}`, async (t) => {
    const cluster = await startCluster(t, { hosts: 0 });
    const host = await cluster.startHost({ args: ["--name", "holder", ...args] });
    const wray = await cluster.connect();
    const scale = await wray.remote("vector/scale");
    const numbers = new Float64Array(200_000).fill(2);
    const doubled = scale.remote(wray.put(numbers), 2);
    await wray.wait([doubled]);
    const request = encodeMessage({ id: doubled.id, offset: 0, length: 1_000, door: true });
    const reply = await (await cluster.nats()).request("wray.v1.default.host.holder.objects", request);
    const { bytes, data, door } = decodeObjectReply(reply.data);
    assert.equal([bytes, data], [8 + numbers.byteLength, undefined]);
    assert.equal(
      door?.places.flatMap((place) => ("host" in place ? [place.host] : [])),
      [address],
    );
    assert.equal(await wray.get(doubled), new Float64Array(200_000).fill(4));
    await host.kill();
  });
}
