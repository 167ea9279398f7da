import { Fifo } from "../../../scheduler/dataflow/fifo.ts";
import { assert, suite } from "../../support/index.ts";
import { forSeeds } from "../seeds.ts";

const test = suite("dataflow/fifo");

test("a Fifo gives what was put in, in that order", () => {
  forSeeds(100, (random) => {
    const fifo = new Fifo<number>();
    let [next, first] = [0, 0];
    for (let step = 0; step < 100; step++) {
      for (let count = random.below(200); count > 0; count--) fifo.push(next++);
      for (let count = random.below(200); count > 0 && first < next; count--) {
        assert.is(fifo.peek(), first++);
        fifo.shift();
      }
      assert.is(fifo.isEmpty, first === next);
    }
    assert.is(fifo.peek(), first === next ? undefined : first);
  });
});
