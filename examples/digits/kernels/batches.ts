// What feeds a network with images of handwritten digits, and reads what it says of them. Shards are as in `logistic.ts`.

const ROW_BYTES: i32 = 1 + 784;

/** The pixels of a shard's images, from 0 to 1, row by row. */
export function pixels(shard: Uint8Array): Float32Array {
  const rows = rowsOf(shard);
  const x = new Float32Array(rows * 784);
  for (let row = 0; row < rows; row++) {
    for (let pixel = 0; pixel < 784; pixel++) {
      unchecked((x[row * 784 + pixel] = <f32>unchecked(shard[row * ROW_BYTES + 1 + pixel]) / 255));
    }
  }
  return x;
}

/** Which digits they are. */
export function labels(shard: Uint8Array): Uint32Array {
  const rows = rowsOf(shard);
  const digits = new Uint32Array(rows);
  for (let row = 0; row < rows; row++) digits[row] = shard[row * ROW_BYTES];
  return digits;
}

/** For each image the digit for which the network's output is the largest. */
export function predictions(outputs: Float32Array): Uint32Array {
  if (outputs.length % 10 != 0)
    throw new RangeError(`a network gives 10 numbers an image, not ${outputs.length} in all`);
  const digits = new Uint32Array(outputs.length / 10);
  for (let row = 0; row < digits.length; row++) {
    let best = 0;
    for (let digit = 1; digit < 10; digit++)
      if (outputs[row * 10 + digit] > outputs[row * 10 + best]) best = digit;
    digits[row] = best;
  }
  return digits;
}

/** How many of them are the same. */
export function countEqual(one: Uint32Array, other: Uint32Array): i32 {
  let count = 0;
  for (let i = 0; i < one.length; i++) if (one[i] == other[i]) count++;
  return count;
}

function rowsOf(shard: Uint8Array): i32 {
  if (shard.length % ROW_BYTES != 0)
    throw new RangeError(`a shard has ${ROW_BYTES} bytes an image, not ${shard.length} in all`);
  return shard.length / ROW_BYTES;
}
