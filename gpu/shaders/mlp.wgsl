// Layers of a network, forward and backward. Matrices lie row by row: in those of samples, a row is a sample. The weights of all
// layers are one vector: of each layer, from `offset` on, a row for each input, and then the bias as one more.
//
// All but the loss is products of matrices, `left` and `right`. Each invocation has a tile of 8 × 8 in registers, written out
// since the compiler does not unroll: it reads 16 values for 64 products, so that it is no slower one value at a time than by
// vectors, and takes rows of any length, and columns. No barriers, which is right for a device that is a cpu. Past an edge it
// reads what is there, or whatever the device gives past the end, and writes nothing.

override relu: bool = false;
// Whether weights are stepped, or their gradient is wanted.
override descend: bool = false;

struct Params { samples: u32, inputs: u32, outputs: u32, offset: u32, rate: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> left: array<f32>;
@group(0) @binding(2) var<storage, read> right: array<f32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;
// What a sum becomes a value of the result with: weights, or what a layer was given.
@group(0) @binding(4) var<storage, read> given: array<f32>;
@group(0) @binding(5) var<storage, read> labels: array<u32>;

struct Product {
  rows: u32,
  columns: u32,
  // How many products a sum has.
  depth: u32,
  // How far it is in `left` to the next row, and to the next value of a sum.
  leftRow: u32,
  leftNext: u32,
  // From this row on, all of `left` is ones.
  ones: u32,
  rightStart: u32,
  rightColumn: u32,
  rightNext: u32,
  // What is done with the sums.
  finish: u32,
}

const activate = 0u;
const mask = 1u;
const learn = 2u;

@compute @workgroup_size(4, 8)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  multiply(id, Product(p.samples, p.outputs, p.inputs, p.inputs, 1u, p.samples, p.offset, 1u, p.outputs, activate));
}

// How the loss changes with the inputs of a layer, before the activation of the layer that has given them, which was relu.
@compute @workgroup_size(4, 8)
fn inputGradient(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  multiply(id, Product(p.samples, p.inputs, p.outputs, p.outputs, 1u, p.samples, p.offset, p.outputs, 1u, mask));
}

// The gradient of weights and bias, which is the weight of an input that is always 1; or what they are after a step against it.
@compute @workgroup_size(4, 8)
fn weightGradient(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  multiply(id, Product(p.inputs + 1u, p.outputs, p.samples, 1u, p.inputs, p.inputs, 0u, 1u, p.outputs, learn));
}

fn multiply(id: vec3u, p: Product) {
  let row = id.y * 8u;
  let column = id.x * 8u;
  if (row >= p.rows || column >= p.columns) { return; }
  let row0 = row * p.leftRow;
  let row1 = (row + 1u) * p.leftRow;
  let row2 = (row + 2u) * p.leftRow;
  let row3 = (row + 3u) * p.leftRow;
  let row4 = (row + 4u) * p.leftRow;
  let row5 = (row + 5u) * p.leftRow;
  let row6 = (row + 6u) * p.leftRow;
  let row7 = (row + 7u) * p.leftRow;
  let column0 = p.rightStart + column * p.rightColumn;
  let column1 = p.rightStart + (column + 1u) * p.rightColumn;
  let column2 = p.rightStart + (column + 2u) * p.rightColumn;
  let column3 = p.rightStart + (column + 3u) * p.rightColumn;
  let column4 = p.rightStart + (column + 4u) * p.rightColumn;
  let column5 = p.rightStart + (column + 5u) * p.rightColumn;
  let column6 = p.rightStart + (column + 6u) * p.rightColumn;
  let column7 = p.rightStart + (column + 7u) * p.rightColumn;
  var sum0 = mat2x4f();
  var sum1 = mat2x4f();
  var sum2 = mat2x4f();
  var sum3 = mat2x4f();
  var sum4 = mat2x4f();
  var sum5 = mat2x4f();
  var sum6 = mat2x4f();
  var sum7 = mat2x4f();
  var l = 0u;
  var r = 0u;
  for (var i = 0u; i < p.depth; i++) {
    let values = mat2x4f(
      right[r + column0], right[r + column1], right[r + column2], right[r + column3],
      right[r + column4], right[r + column5], right[r + column6], right[r + column7],
    );
    sum0 += select(left[l + row0], 1.0, row >= p.ones) * values;
    sum1 += select(left[l + row1], 1.0, row + 1u >= p.ones) * values;
    sum2 += select(left[l + row2], 1.0, row + 2u >= p.ones) * values;
    sum3 += select(left[l + row3], 1.0, row + 3u >= p.ones) * values;
    sum4 += select(left[l + row4], 1.0, row + 4u >= p.ones) * values;
    sum5 += select(left[l + row5], 1.0, row + 5u >= p.ones) * values;
    sum6 += select(left[l + row6], 1.0, row + 6u >= p.ones) * values;
    sum7 += select(left[l + row7], 1.0, row + 7u >= p.ones) * values;
    l += p.leftNext;
    r += p.rightNext;
  }
  store(p, row, column, sum0);
  store(p, row + 1u, column, sum1);
  store(p, row + 2u, column, sum2);
  store(p, row + 3u, column, sum3);
  store(p, row + 4u, column, sum4);
  store(p, row + 5u, column, sum5);
  store(p, row + 6u, column, sum6);
  store(p, row + 7u, column, sum7);
}

fn store(p: Product, row: u32, column: u32, sums: mat2x4f) {
  if (row >= p.rows) { return; }
  storeOne(p, row, column, sums[0].x);
  storeOne(p, row, column + 1u, sums[0].y);
  storeOne(p, row, column + 2u, sums[0].z);
  storeOne(p, row, column + 3u, sums[0].w);
  storeOne(p, row, column + 4u, sums[1].x);
  storeOne(p, row, column + 5u, sums[1].y);
  storeOne(p, row, column + 6u, sums[1].z);
  storeOne(p, row, column + 7u, sums[1].w);
}

fn storeOne(p: Product, row: u32, column: u32, sum: f32) {
  if (column >= p.columns) { return; }
  let at = row * p.columns + column;
  switch p.finish {
    case activate: {
      let value = sum + given[params.offset + params.inputs * params.outputs + column];
      out[at] = select(value, max(value, 0.0), relu);
    }
    case mask: {
      out[at] = select(0.0, sum, given[at] > 0.0);
    }
    default: {
      let place = params.offset + at;
      if (descend) { out[place] = given[place] - params.rate * sum; } else { out[place] = sum; }
    }
  }
}

// Of softmax and cross entropy, the mean of all samples: how it changes with the outputs `given` of the last layer.
@compute @workgroup_size(64)
fn lossGradient(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.samples) { return; }
  let start = id.x * params.outputs;
  var greatest = given[start];
  for (var i = 1u; i < params.outputs; i++) {
    greatest = max(greatest, given[start + i]);
  }
  var sum = 0.0;
  for (var i = 0u; i < params.outputs; i++) {
    sum += exp(given[start + i] - greatest);
  }
  for (var i = 0u; i < params.outputs; i++) {
    let probability = exp(given[start + i] - greatest) / sum;
    let wanted = select(0.0, 1.0, labels[id.x] == i);
    out[start + i] = (probability - wanted) / f32(params.samples);
  }
}
