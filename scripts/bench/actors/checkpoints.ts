import { createHash } from "node:crypto";
import type { ActorPart, Outcome } from "../../../scheduler/protocol/messages.ts";
import { byteLengthOf, encodeValue } from "../../../scheduler/protocol/value.ts";
import { openSession, type Session } from "../bare/session.ts";
import type { Cluster } from "../cluster.ts";
import { latencies, values } from "../figures.ts";
import { byTurns, check } from "../measure.ts";
import { readShipped } from "../shipped.ts";
import type { Context, Figure } from "../suite.ts";

const full = { turnCount: 5, checkpointCount: 20 };
const quick = { turnCount: 2, checkpointCount: 2 };

const itemBytes = 7_936;
/** What an actor is filled with at first, and what changes it from one checkpoint to the next, by its first method. */
const actors = [
  { size: "1 KB", kernel: "Counter", made: 0, itemCount: 0, change: 1 },
  {
    ...{ size: "10 MB", kernel: "Queue", made: 1_000_000, itemCount: Math.ceil(10e6 / itemBytes) },
    change: new Uint8Array(64).fill(1),
  },
];

/**
 * How long a host takes to tell what an actor is that has changed little since it was told last, and in how many bytes. Beside
 * the same to who does not have what was told last, and so is told all of it.
 */
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
  for (const { size, kernel, made, itemCount, change } of actors) {
    const does = (part: Omit<ActorPart, "id">, given: unknown[], id?: string) =>
      session.run({
        ...{ module, kernel, args: given.map((each) => encodeValue(each)) },
        ...{ actor: { id: size, ...part }, ...(id && { id }) },
      });
    const call = (given: unknown) => does({ does: "call", method: 1 }, [given]);
    check("what makes an actor", (await does({ does: "make" }, [made])).kind, "value");
    await Promise.all(Array.from({ length: itemCount }, () => call(new Uint8Array(itemBytes).fill(1))));
    let count = 0;
    const measure = (isWhole: boolean) => async () => {
      const samples: { ms: number; kib: number }[] = [];
      while (samples.length < checkpointCount) {
        await call(change);
        const id = `${size}-${++count}`;
        const startMs = performance.now();
        const outcome = await does({ does: "save" }, isWhole ? [] : [`${size}-${count - 1}`], id);
        samples.push({ ms: performance.now() - startMs, kib: bytesOf(session, id, outcome) / 1_024 });
      }
      return samples;
    };
    const name = "told whole";
    const { turns, baseline } = await byTurns(turnCount, measure(false), { name, measure: measure(true) });
    const each = <T>(of: (samples: (typeof turns)[number]) => T) => ({
      turns: turns.map(of),
      baseline: { name, turns: baseline.turns.map(of) },
    });
    const ms = each((samples) => samples.map((sample) => sample.ms));
    yield latencies(`checkpoint of ${size}`, "ms", ms)[0];
    const kib = each((samples) => samples.reduce((sum, sample) => sum + sample.kib, 0) / samples.length);
    yield values(`checkpoint of ${size}, told`, "KiB", turnCount * checkpointCount, kib);
    session.send({ kind: "endActors", ids: [size] });
  }
  await session.close();
}

function bytesOf(session: Session, id: string, outcome: Outcome): number {
  if (outcome.kind === "value") return byteLengthOf(outcome.value);
  if (outcome.kind !== "stored") throw new Error(`a checkpoint ended with ${JSON.stringify(outcome)}`);
  session.send({ kind: "release", ids: [id] });
  return outcome.bytes;
}
