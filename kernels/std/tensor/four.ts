/** Functions of four f32 at once. */
export class Four {
  /** e to the power of four f32, within 2 steps of f32. */
  static exp(x: v128): v128 {
    // Beyond these there is nothing but 0 and infinity. NaN stays what it is, here and below.
    x = f32x4.pmin(f32x4.pmax(x, f32x4.splat(-104)), f32x4.splat(89));
    // x = n · ln 2 + r, with ln 2 in two parts, of which the first one has few enough bits that n times it is exact.
    const n = f32x4.nearest(f32x4.mul(x, f32x4.splat(1.44269504)));
    let r = f32x4.sub(x, f32x4.mul(n, f32x4.splat(0.693359375)));
    r = f32x4.sub(r, f32x4.mul(n, f32x4.splat(-2.1219444e-4)));
    // The polynomial of Cephes' expf.
    let p = f32x4.splat(1.98756915e-4);
    p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.3981999507e-3));
    p = f32x4.add(f32x4.mul(p, r), f32x4.splat(8.3334519073e-3));
    p = f32x4.add(f32x4.mul(p, r), f32x4.splat(4.1665795894e-2));
    p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.6666665459e-1));
    p = f32x4.add(f32x4.mul(p, r), f32x4.splat(0.5));
    p = f32x4.add(f32x4.add(f32x4.mul(p, f32x4.mul(r, r)), r), f32x4.splat(1));
    // Times 2 to the power of n by the bits of exponents, half of n at a time, as 2 to the power of all of it may be no f32.
    const whole = i32x4.trunc_sat_f32x4_s(n);
    const half = i32x4.shr_s(whole, 1);
    return f32x4.mul(f32x4.mul(p, powerOf2(half)), powerOf2(i32x4.sub(whole, half)));
  }
}

function powerOf2(n: v128): v128 {
  return i32x4.shl(i32x4.add(n, i32x4.splat(127)), 23);
}
