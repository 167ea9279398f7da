import { type Table, tableFromArrays } from "apache-arrow";
import { assert, rejects, type Suite, throwsCode } from "../support/index.ts";
import type { Api } from "./suite.ts";

/** `put` and `get` of tables of Apache Arrow. */
export function tableTests(test: Suite, api: () => Api): void {
  const table = (rowCount: number) =>
    tableFromArrays({
      number: Float64Array.from({ length: rowCount }, (_, row) => row / 2),
      text: Array.from({ length: rowCount }, (_, row) => `row ${row % 100}`),
    });

  test("put() takes a table and get() returns it, small and large", async () => {
    const { wray } = api();
    for (const rowCount of [0, 3, 100_000]) {
      const given = table(rowCount);
      const taken = (await wray.get(wray.put(given))) as Table;
      assert.is(taken.numRows, rowCount);
      assert.equal(taken.schema.toString(), given.schema.toString());
      assert.equal(taken.getChild("number")?.toArray(), given.getChild("number")?.toArray());
      assert.equal(taken.getChild("text")?.toArray(), given.getChild("text")?.toArray());
    }
  });

  test("remote() refuses a table, and its task fails when it is given as a ref", async () => {
    const { wray, probe } = api();
    const checksum = probe.kernel("checksum");
    const message = "parameter data must be Uint8Array, but is an Arrow table";
    assert.match(throwsCode(() => checksum.remote(table(3)), "INVALID_TASK").message, message);
    assert.match(
      (await rejects(wray.get(checksum.remote(wray.put(table(3)))), "INVALID_TASK")).message,
      message,
    );
  });

  test("put() throws when a table is inside of another value", () => {
    throwsCode(() => api().wray.put([table(3)]), "INVALID_TASK");
  });
}
