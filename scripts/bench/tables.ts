import { makeTable, type Table, tableFromIPC, tableToIPC } from "apache-arrow";
import { startClient } from "./cluster.ts";
import { latencies, values } from "./figures.ts";
import { byTurns, check, elapsedMs } from "./measure.ts";
import type { Suite } from "./suite.ts";

const full = { turnCount: 7, getCount: 20, rowCount: 1024 * 1024 };
const quick = { turnCount: 2, getCount: 2, rowCount: 8 * 1024 };

export const tables: Suite = {
  name: "tables",
  description: "put and get of a table of Apache Arrow",

  async *run(context) {
    const { turnCount, getCount, rowCount } = context.isQuick ? quick : full;
    const wray = await startClient(context);
    const table = makeTable({
      number: Float64Array.from({ length: rowCount }, (_, row) => row),
      half: Float64Array.from({ length: rowCount }, (_, row) => row / 2),
    });
    const stream = tableToIPC(table);
    const size = `${(16 * rowCount) / 1024 / 1024} MiB`;
    const perSecond = (ms: number) => stream.byteLength / 1e6 / (ms / 1_000);
    const checkTable = (taken: Table) => {
      check("the number of rows", taken.numRows, rowCount);
      check("the last number", taken.getChild("number")?.get(rowCount - 1), rowCount - 1);
      check("the last half", taken.getChild("half")?.get(rowCount - 1), (rowCount - 1) / 2);
    };
    const put = async () => {
      const ref = wray.put(table);
      await wray.wait([ref]);
      return ref;
    };

    const ref = await put();
    checkTable(await wray.get(ref));
    const puts = await byTurns(turnCount, async () => perSecond(await elapsedMs(put)), {
      name: "tableToIPC",
      measure: async () => perSecond(await elapsedMs(async () => tableToIPC(table))),
    });
    yield values(`put of a table of ${size}`, "MB/s", turnCount, puts);

    const times = async (take: () => Promise<Table>) => {
      const samplesMs: number[] = [];
      for (let count = 0; count < getCount; count++) {
        let taken: Table | undefined;
        samplesMs.push(
          await elapsedMs(async () => {
            taken = await take();
          }),
        );
        checkTable(taken!);
      }
      return samplesMs;
    };
    const gets = await byTurns(turnCount, () => times(() => wray.get(ref)), {
      name: "tableFromIPC",
      measure: () => times(async () => tableFromIPC(stream)),
    });
    yield* latencies("get of it", "ms", gets);
  },
};
