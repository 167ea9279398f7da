import { countRows, loadDigits, rowBytes } from "../../examples/digits/data.ts";
import { assert, suite } from "../support/index.ts";

const test = suite("digits/data");

test("loadDigits() gives every image once when all are asked for", async () => {
  const { shards, heldOut } = await loadDigits();
  assert.equal(shards.map(countRows), [1500, 1500, 1500, 1500, 1500, 1500]);
  assert.is(countRows(heldOut), 1000);
  const labels = [...shards, heldOut].flatMap((shard) => [...labelsOf(shard)]);
  const counts = Array.from({ length: 10 }, (_, digit) => labels.filter((label) => label === digit).length);
  assert.equal(counts, [1001, 1127, 991, 1032, 980, 863, 1014, 1070, 944, 978]);
});

test("loadDigits() mixes the digits of every shard when it cuts them", async () => {
  const { shards, heldOut } = await loadDigits();
  for (const shard of [...shards, heldOut]) {
    for (let digit = 0; digit < 10; digit++) {
      const share = labelsOf(shard).filter((label) => label === digit).length / countRows(shard);
      assert.ok(share > 0.05 && share < 0.15, `digit ${digit} has a share of ${share}`);
    }
  }
});

test("loadDigits() gives the same rows when it is called again", async () => {
  const options = { rowCount: 50, heldOutCount: 10, shardCount: 3 };
  const first = await loadDigits(options);
  assert.equal(first.shards.map(countRows), [14, 13, 13]);
  assert.equal(first, await loadDigits(options));
});

const labelsOf = (shard: Uint8Array) => shard.filter((_, index) => index % rowBytes === 0);
