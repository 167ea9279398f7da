/** Functions of four f32 at once. */
export class Four {
  /** e to the power of four f32, within 2 steps of f32; below -87 nothing is left, and above 88 it is infinite. */
  static exp(x: v128): v128 {
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
    // Times 2 to the power of n, by the bits of its exponent.
    const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23);
    p = f32x4.mul(p, power);
    p = v128.andnot(p, f32x4.lt(x, f32x4.splat(-87.33654)));
    p = v128.bitselect(f32x4.splat(Infinity), p, f32x4.gt(x, f32x4.splat(88.3762)));
    // NaN stays NaN.
    return v128.bitselect(p, x, f32x4.eq(x, x));
  }
}
