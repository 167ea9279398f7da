/** Random numbers that follow from a seed: SplitMix64 (Steele, Lea and Flood, 2014). */
@final
export class Random {
  private state: u64;
  /** Normal numbers come in twos. */
  private spare: f64 = NaN;

  constructor(seed: u32) {
    // Seeds that follow each other begin far from each other.
    this.state = mix((<u64>seed + 1) * 0xd1342543de82ef95);
  }

  /** From 0 to below 1. */
  next(): f64 {
    this.state += 0x9e3779b97f4a7c15;
    return <f64>(mix(this.state) >>> 11) * (1.0 / 9007199254740992.0);
  }

  between(low: f64, high: f64): f64 {
    return low + (high - low) * this.next();
  }

  /** From the normal distribution, by the polar method of Marsaglia. */
  normal(): f64 {
    const spare = this.spare;
    if (spare == spare) {
      this.spare = NaN;
      return spare;
    }
    let x: f64;
    let y: f64;
    let squared: f64;
    do {
      x = 2 * this.next() - 1;
      y = 2 * this.next() - 1;
      squared = x * x + y * y;
    } while (squared >= 1 || squared == 0);
    const scale = Math.sqrt((-2 * Math.log(squared)) / squared);
    this.spare = y * scale;
    return x * scale;
  }
}

function mix(state: u64): u64 {
  let z = state;
  z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >>> 27)) * 0x94d049bb133111eb;
  return z ^ (z >>> 31);
}
