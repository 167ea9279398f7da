import { assemble } from "../assemble.ts";

/**
 * A kernel that leaves something behind, in its memory and in a global, and whose sum is wrong when it finds what an
 * earlier task has left. So who checks the sum checks that everything was put back.
 */
export const scratchModule = (): Promise<Uint8Array<ArrayBuffer>> =>
  assemble(`(module
    (memory (export "memory") 1)
    (data (i32.const 64) "its own data")
    (global $count (export "count") (mut i32) (i32.const 0))
    (func (export "add") (param f64 f64) (result f64)
      (local $left f64)
      (local.set $left (f64.add
        (f64.load (i32.const 32768))
        (f64.convert_i32_s (global.get $count))))
      (f64.store (i32.const 32768) (f64.const 1))
      (global.set $count (i32.add (global.get $count) (i32.const 1)))
      (f64.add (local.get $left) (f64.add (local.get 0) (local.get 1)))))`);
