import { Four } from "./four";
import { checkLength } from "./sizes";

/** `f(x)` of each value, for f one of relu, sigmoid, tanh, exp, log, sqrt, abs, square and negate. */
export function map(operation: string, x: Float32Array): Float32Array {
  const out = new Float32Array(x.length);
  apply(operation, x.dataStart, x.dataStart + x.byteLength, out.dataStart);
  return out;
}

/** The same; tanh and log are as in `map`. */
export function mapSimd(operation: string, x: Float32Array): Float32Array {
  const out = new Float32Array(x.length);
  const end = x.dataStart + x.byteLength;
  const whole = hasVectors(operation) ? x.dataStart + (x.byteLength & ~15) : x.dataStart;
  const shift = out.dataStart - x.dataStart;
  if (operation == "relu") {
    for (let at = x.dataStart; at < whole; at += 16) {
      v128.store(at + shift, f32x4.pmax(v128.load(at), f32x4.splat(0)));
    }
  } else if (operation == "sigmoid") {
    for (let at = x.dataStart; at < whole; at += 16) {
      const power = Four.exp(f32x4.neg(v128.load(at)));
      v128.store(at + shift, f32x4.div(f32x4.splat(1), f32x4.add(f32x4.splat(1), power)));
    }
  } else if (operation == "exp") {
    for (let at = x.dataStart; at < whole; at += 16) v128.store(at + shift, Four.exp(v128.load(at)));
  } else if (operation == "sqrt") {
    for (let at = x.dataStart; at < whole; at += 16) v128.store(at + shift, f32x4.sqrt(v128.load(at)));
  } else if (operation == "abs") {
    for (let at = x.dataStart; at < whole; at += 16) v128.store(at + shift, f32x4.abs(v128.load(at)));
  } else if (operation == "square") {
    for (let at = x.dataStart; at < whole; at += 16) {
      const values = v128.load(at);
      v128.store(at + shift, f32x4.mul(values, values));
    }
  } else if (operation == "negate") {
    for (let at = x.dataStart; at < whole; at += 16) v128.store(at + shift, f32x4.neg(v128.load(at)));
  }
  apply(operation, whole, end, whole + shift);
  return out;
}

function hasVectors(operation: string): bool {
  return operation != "tanh" && operation != "log";
}

/** One by one, each operation with a loop of its own. */
function apply(operation: string, x: usize, end: usize, out: usize): void {
  if (operation == "relu") {
    for (; x < end; x += 4, out += 4) store<f32>(out, max<f32>(load<f32>(x), 0));
  } else if (operation == "sigmoid") {
    for (; x < end; x += 4, out += 4) store<f32>(out, 1 / (1 + Mathf.exp(-load<f32>(x))));
  } else if (operation == "tanh") {
    for (; x < end; x += 4, out += 4) store<f32>(out, Mathf.tanh(load<f32>(x)));
  } else if (operation == "exp") {
    for (; x < end; x += 4, out += 4) store<f32>(out, Mathf.exp(load<f32>(x)));
  } else if (operation == "log") {
    for (; x < end; x += 4, out += 4) store<f32>(out, Mathf.log(load<f32>(x)));
  } else if (operation == "sqrt") {
    for (; x < end; x += 4, out += 4) store<f32>(out, sqrt<f32>(load<f32>(x)));
  } else if (operation == "abs") {
    for (; x < end; x += 4, out += 4) store<f32>(out, abs<f32>(load<f32>(x)));
  } else if (operation == "square") {
    for (; x < end; x += 4, out += 4) store<f32>(out, load<f32>(x) * load<f32>(x));
  } else if (operation == "negate") {
    for (; x < end; x += 4, out += 4) store<f32>(out, -load<f32>(x));
  } else {
    throw new Error(
      `operation is no one of relu, sigmoid, tanh, exp, log, sqrt, abs, square, negate: ${operation}`,
    );
  }
}

/** `a * x + y`, element by element. */
export function saxpy(a: f32, x: Float32Array, y: Float32Array): Float32Array {
  checkLength("y", y.length, x.length);
  const out = new Float32Array(x.length);
  let other = y.dataStart;
  let to = out.dataStart;
  const end = x.dataStart + x.byteLength;
  for (let from = x.dataStart; from < end; from += 4, other += 4, to += 4) {
    store<f32>(to, a * load<f32>(from) + load<f32>(other));
  }
  return out;
}

export function saxpySimd(a: f32, x: Float32Array, y: Float32Array): Float32Array {
  checkLength("y", y.length, x.length);
  const out = new Float32Array(x.length);
  const factors = f32x4.splat(a);
  let from = x.dataStart;
  let other = y.dataStart;
  let to = out.dataStart;
  for (const end = from + (x.byteLength & ~31); from < end; from += 32, other += 32, to += 32) {
    v128.store(to, f32x4.add(f32x4.mul(factors, v128.load(from)), v128.load(other)));
    v128.store(to, f32x4.add(f32x4.mul(factors, v128.load(from, 16)), v128.load(other, 16)), 16);
  }
  for (const end = x.dataStart + x.byteLength; from < end; from += 4, other += 4, to += 4) {
    store<f32>(to, a * load<f32>(from) + load<f32>(other));
  }
  return out;
}
