import { createHash } from "node:crypto";
import type { Outcome } from "../../../scheduler/protocol/messages.ts";
import { byteLengthOf, encodeValue } from "../../../scheduler/protocol/value.ts";
import { openSession } from "../bare/session.ts";
import type { Cluster } from "../cluster.ts";
import { latency, value } from "../figures.ts";
import { check } from "../measure.ts";
import { readShipped } from "../shipped.ts";
import type { Context, Figure } from "../suite.ts";

const full = { turnCount: 5, checkpointCount: 20 };
const quick = { turnCount: 1, checkpointCount: 2 };

const itemBytes = 7_936;
const states = [
  ["8 KB", 0],
  ["10 MB", Math.ceil(10e6 / itemBytes)],
] as const;

/** What a host takes to tell what an actor is that has changed little since it told last, and how much it tells. */
export async function* checkpoints(
  { isQuick, start }: Context,
  { server, hosts }: Cluster,
): AsyncIterable<Figure> {
  const { turnCount, checkpointCount } = isQuick ? quick : full;
  const session = await start(
    () => openSession(server.url, hosts[0]!.id),
    (session) => session.close(),
  );
  const module = createHash("sha256")
    .update(await readShipped("actors"))
    .digest("hex");
  for (const [size, itemCount] of states) {
    const id = `queue of ${size}`;
    const does = async (part: object, ...args: unknown[]) =>
      session.run({
        module,
        kernel: "Queue",
        args: args.map((arg) => encodeValue(arg)),
        actor: { id, ...part } as never,
      });
    check("what makes a queue", (await does({ does: "make" }, 1_000_000)).kind, "value");
    const push = (bytes: number) => does({ does: "call", method: 1 }, new Uint8Array(bytes).fill(1));
    await Promise.all(Array.from({ length: itemCount }, () => push(itemBytes)));
    const sizes: number[] = [];
    const turns: number[][] = [];
    let known: string[] = [];
    for (let turn = 0; turn < turnCount; turn++) {
      const samples: number[] = [];
      for (let count = 0; count < checkpointCount; count++) {
        await push(64);
        const checkpoint = `${id}-${sizes.length}`;
        const startMs = performance.now();
        const outcome = await session.run({
          id: checkpoint,
          module,
          kernel: "Queue",
          args: known.map((each) => encodeValue(each)),
          actor: { id, does: "save" },
        });
        samples.push(performance.now() - startMs);
        sizes.push(bytesIn(outcome));
        if (outcome.kind === "stored") session.send({ kind: "release", ids: [checkpoint] });
        known = [checkpoint];
      }
      turns.push(samples);
    }
    yield latency(`checkpoint of ${size}`, "ms", turns);
    yield value(
      "of its bytes, told",
      "KiB",
      sizes.length,
      sizes.map((bytes) => bytes / 1024),
    );
    session.send({ kind: "endActors", ids: [id] });
  }
  await session.close();
}

function bytesIn(outcome: Outcome): number {
  if (outcome.kind === "stored") return outcome.bytes;
  if (outcome.kind === "value") return byteLengthOf(outcome.value);
  throw new Error(`a checkpoint ended with ${JSON.stringify(outcome)}`);
}
