class Holder {
  constructor(
    public name: string,
    public permits: i32,
  ) {}
}

/** So many permits, and who has them. Whoever gets none asks again. */
@actor
export class Semaphore {
  private holders: Map<string, i32> = new Map<string, i32>();
  private free: i32;

  constructor(permits: i32 = 1) {
    if (permits < 1) throw new RangeError(`a semaphore has 1 permit or more, not ${permits}`);
    this.free = permits;
  }

  /** Takes so many permits at once, beside those that the holder has; false, and none taken, when fewer are free. */
  tryAcquire(holder: string, permits: i32 = 1): bool {
    checkCount(permits);
    if (permits > this.free) return false;
    this.free -= permits;
    this.holders.set(holder, this.held(holder) + permits);
    return true;
  }

  /** Gives permits back. It fails when the holder does not have so many. */
  release(holder: string, permits: i32 = 1): void {
    checkCount(permits);
    const held = this.held(holder);
    if (permits > held) throw new RangeError(`${holder} has ${held} permits, and can't give back ${permits}`);
    this.free += permits;
    if (permits == held) this.holders.delete(holder);
    else this.holders.set(holder, held - permits);
  }

  /** Takes from a holder all that it has, as when it has died; how many those were. */
  releaseAll(holder: string): i32 {
    const held = this.held(holder);
    this.free += held;
    this.holders.delete(holder);
    return held;
  }

  /** How many permits nobody has. */
  @readonly
  available(): i32 {
    return this.free;
  }

  /** Who has how many permits. */
  @readonly
  list(): Holder[] {
    const names = this.holders.keys();
    const list = new Array<Holder>(0);
    for (let i = 0; i < names.length; i++) list.push(new Holder(names[i], this.holders.get(names[i])));
    return list;
  }

  private held(holder: string): i32 {
    return this.holders.has(holder) ? this.holders.get(holder) : 0;
  }
}

function checkCount(permits: i32): void {
  if (permits < 1) throw new RangeError(`permits come and go by 1 or more, not ${permits}`);
}
