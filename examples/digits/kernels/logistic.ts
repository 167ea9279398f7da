// Multinomial logistic regression on images of handwritten digits, for data-parallel training.
//
//   shard   one row an image:  [ label | 784 pixels, 0 to 255 ]          785 bytes a row
//   state   [ 784 × 10 weights, 10 biases | their velocities ]            2 × 7,850 numbers
//   sum     [ gradient of the weights and biases | loss | rows ]          7,850 + 2 numbers
//
// The weights of one pixel lie side by side, one for each digit, so that a pixel is five SIMD operations;
// most pixels are blank and cost nothing. Sums of several shards add up by plain vector addition.
// Lengths and labels are checked first, so the loops themselves go unchecked.

const DIGITS: i32 = 10;
const PIXELS: i32 = 784;
const ROW_BYTES: i32 = 1 + PIXELS;
const PARAMETERS: i32 = (PIXELS + 1) * DIGITS;
const LOSS: i32 = PARAMETERS;
const ROWS: i32 = PARAMETERS + 1;
const SUM_LENGTH: i32 = PARAMETERS + 2;

/** Bytes of the ten weights of one pixel. */
const PIXEL_STRIDE: usize = (<usize>DIGITS) << 3;
const BIAS_OFFSET: usize = <usize>PIXELS * PIXEL_STRIDE;

/** The pixels of the current row that are not blank, as u16. */
const inked = memory.data(PIXELS << 1);
/** For each digit of the current row: first its score, then its probability, then the error of that. */
const output = memory.data(DIGITS << 3, 16);

/** The gradient and loss of a shard at these weights, summed over its rows. */
export function gradient(state: Float64Array, shard: Uint8Array): Float64Array {
  checkState(state);
  const rows = checkShard(shard);
  const sum = new Float64Array(SUM_LENGTH);
  const loss = addRows(sum.dataStart, state.dataStart, shard, rows);
  unchecked((sum[LOSS] = loss));
  unchecked((sum[ROWS] = rows));
  return sum;
}

/** The mean gradient of a shard at these weights and biases, which come without velocities: a parameter server's. */
export function slope(weights: Float64Array, shard: Uint8Array): Float64Array {
  if (weights.length != PARAMETERS)
    throw new RangeError(`weights must hold ${PARAMETERS} numbers, not ${weights.length}`);
  const rows = checkShard(shard);
  const mean = new Float64Array(PARAMETERS);
  addRows(mean.dataStart, weights.dataStart, shard, rows);
  for (let i = 0; i < PARAMETERS; i++) unchecked((mean[i] /= rows));
  return mean;
}

/** The state after one step down the mean gradient, with momentum. */
export function step(state: Float64Array, sum: Float64Array, learningRate: f64, momentum: f64): Float64Array {
  checkState(state);
  checkSum(sum);
  const next = new Float64Array(2 * PARAMETERS);
  const scale = learningRate / unchecked(sum[ROWS]);
  for (let i = 0; i < PARAMETERS; i++) {
    const velocity = momentum * unchecked(state[PARAMETERS + i]) - scale * unchecked(sum[i]);
    unchecked((next[i] = state[i] + velocity));
    unchecked((next[PARAMETERS + i] = velocity));
  }
  return next;
}

/** The mean loss over all rows of a sum. */
export function loss(sum: Float64Array): f64 {
  checkSum(sum);
  return unchecked(sum[LOSS]) / unchecked(sum[ROWS]);
}

/** How many rows of a shard these weights read correctly. */
export function accuracy(state: Float64Array, shard: Uint8Array): i32 {
  checkState(state);
  const rows = checkShard(shard);
  let correct = 0;
  for (let i = 0; i < rows; i++) {
    const row = shard.dataStart + <usize>(i * ROW_BYTES);
    score(state.dataStart, row + 1);
    correct += i32(highest() == <i32>load<u8>(row));
  }
  return correct;
}

/** Adds the gradient of each row of a shard; returns their loss. */
function addRows(gradient: usize, weights: usize, shard: Uint8Array, rows: i32): f64 {
  let loss = 0.0;
  for (let i = 0; i < rows; i++) {
    const row = shard.dataStart + <usize>(i * ROW_BYTES);
    const label = <i32>load<u8>(row);
    const inkedCount = score(weights, row + 1);
    loss += softmax(label);
    spread(gradient, row + 1, inkedCount);
  }
  return loss;
}

/** Writes the score of each digit to `output` and the pixels that count to `inked`; returns their number. */
function score(weights: usize, pixels: usize): i32 {
  const bias = weights + BIAS_OFFSET;
  let s0 = v128.load(bias, 0);
  let s1 = v128.load(bias, 16);
  let s2 = v128.load(bias, 32);
  let s3 = v128.load(bias, 48);
  let s4 = v128.load(bias, 64);
  let count = 0;
  for (let pixel = 0; pixel < PIXELS; pixel++) {
    const ink = load<u8>(pixels + pixel);
    if (ink == 0) continue;
    store<u16>(inked + (count++ << 1), <u16>pixel);
    const x = f64x2.splat(<f64>ink / 255);
    const w = weights + <usize>pixel * PIXEL_STRIDE;
    s0 = f64x2.add(s0, f64x2.mul(x, v128.load(w, 0)));
    s1 = f64x2.add(s1, f64x2.mul(x, v128.load(w, 16)));
    s2 = f64x2.add(s2, f64x2.mul(x, v128.load(w, 32)));
    s3 = f64x2.add(s3, f64x2.mul(x, v128.load(w, 48)));
    s4 = f64x2.add(s4, f64x2.mul(x, v128.load(w, 64)));
  }
  v128.store(output, s0, 0);
  v128.store(output, s1, 16);
  v128.store(output, s2, 32);
  v128.store(output, s3, 48);
  v128.store(output, s4, 64);
  return count;
}

/** Turns the scores into `probability - target` and returns the row's loss. */
function softmax(label: i32): f64 {
  const top = read(highest());
  const target = read(label) - top;
  let total = 0.0;
  for (let digit = 0; digit < DIGITS; digit++) {
    const power = Math.exp(read(digit) - top);
    write(digit, power);
    total += power;
  }
  for (let digit = 0; digit < DIGITS; digit++) write(digit, read(digit) / total);
  write(label, read(label) - 1);
  return Math.log(total) - target;
}

/** Adds the row's share to the gradient. */
function spread(gradient: usize, pixels: usize, inkedCount: i32): void {
  const e0 = v128.load(output, 0);
  const e1 = v128.load(output, 16);
  const e2 = v128.load(output, 32);
  const e3 = v128.load(output, 48);
  const e4 = v128.load(output, 64);
  for (let i = 0; i < inkedCount; i++) {
    const pixel = <usize>load<u16>(inked + (i << 1));
    const x = f64x2.splat(<f64>load<u8>(pixels + pixel) / 255);
    const g = gradient + pixel * PIXEL_STRIDE;
    v128.store(g, f64x2.add(v128.load(g, 0), f64x2.mul(x, e0)), 0);
    v128.store(g, f64x2.add(v128.load(g, 16), f64x2.mul(x, e1)), 16);
    v128.store(g, f64x2.add(v128.load(g, 32), f64x2.mul(x, e2)), 32);
    v128.store(g, f64x2.add(v128.load(g, 48), f64x2.mul(x, e3)), 48);
    v128.store(g, f64x2.add(v128.load(g, 64), f64x2.mul(x, e4)), 64);
  }
  const bias = gradient + BIAS_OFFSET;
  v128.store(bias, f64x2.add(v128.load(bias, 0), e0), 0);
  v128.store(bias, f64x2.add(v128.load(bias, 16), e1), 16);
  v128.store(bias, f64x2.add(v128.load(bias, 32), e2), 32);
  v128.store(bias, f64x2.add(v128.load(bias, 48), e3), 48);
  v128.store(bias, f64x2.add(v128.load(bias, 64), e4), 64);
}

/** The digit whose score is highest, the first of equals. */
function highest(): i32 {
  let best = 0;
  for (let digit = 1; digit < DIGITS; digit++) {
    if (read(digit) > read(best)) best = digit;
  }
  return best;
}

function read(digit: i32): f64 {
  return load<f64>(output + (digit << 3));
}

function write(digit: i32, value: f64): void {
  store<f64>(output + (digit << 3), value);
}

function checkState(state: Float64Array): void {
  if (state.length != 2 * PARAMETERS) {
    throw new RangeError(`state must hold ${2 * PARAMETERS} numbers, not ${state.length}`);
  }
}

function checkSum(sum: Float64Array): void {
  if (sum.length != SUM_LENGTH)
    throw new RangeError(`sum must hold ${SUM_LENGTH} numbers, not ${sum.length}`);
}

/** Returns how many rows the shard has. */
function checkShard(shard: Uint8Array): i32 {
  const rows = shard.length / ROW_BYTES;
  if (rows == 0 || rows * ROW_BYTES != shard.length) {
    throw new RangeError(`shard must hold rows of ${ROW_BYTES} bytes, not ${shard.length} bytes`);
  }
  for (let i = 0; i < rows; i++) {
    const label = <i32>unchecked(shard[i * ROW_BYTES]);
    if (label >= DIGITS) throw new RangeError(`row ${i} has the label ${label}, which is no digit`);
  }
  return rows;
}
