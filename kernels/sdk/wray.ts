// What the host gives to a kernel. asc imports a declared function from a module named after its file, so the
// name of this file, `wray`, is the name of the import module: `(import "wray" "log" …)`.

export declare function log(text: string): void;
export declare function progress(fraction: f64, text: string): void;
export declare function random(): f64;
export declare function clock(): f64;

// An argument of a call, which keeps it until `submit`. Returns its number.
export declare function arg_float(value: f64): i32;
export declare function arg_bool(value: bool): i32;
export declare function arg_int(value: i64, bits: i32, isSigned: bool): i32;
export declare function arg_object(address: usize, classId: u32): i32;
export declare function arg_ref(ref: i32): i32;

/** `args` is the address of `count` numbers of arguments. Returns a ref. */
export declare function submit(kernel: string, args: usize, count: i32): i32;

export declare function put_float(value: f64): i32;
export declare function put_bool(value: bool): i32;
export declare function put_int(value: i64, bits: i32, isSigned: bool): i32;
export declare function put_object(address: usize, classId: u32): i32;

export declare function emit_float(value: f64): void;
export declare function emit_bool(value: bool): void;
export declare function emit_int(value: i64, bits: i32, isSigned: bool): void;
export declare function emit_object(address: usize, classId: u32): void;

export declare function take_void(ref: i32): void;
export declare function take_float(ref: i32): f64;
export declare function take_bool(ref: i32): bool;
export declare function take_int(ref: i32, bits: i32, isSigned: bool): i64;
export declare function take_object(ref: i32, classId: u32, isNullable: bool): usize;

/** Puts 1 in the place of each ref that is ready, and 0 in that of any other. `timeoutMs` below 0 is for ever. */
export declare function wait(refs: usize, count: i32, numReturns: i32, timeoutMs: f64): void;
export declare function free(ref: i32): void;

// What members of a gang do together: arrays go by address, length, and what their elements are.
export declare function rank(): i32;
export declare function size(): i32;
export declare function barrier(): void;
export declare function broadcast(array: usize, length: i32, type: i32, root: i32): void;
export declare function reduce(array: usize, length: i32, type: i32, reduction: string, root: i32): void;
export declare function all_reduce(array: usize, length: i32, type: i32, reduction: string): void;
export declare function all_gather(array: usize, length: i32, type: i32, all: usize): void;
export declare function reduce_scatter(
  array: usize,
  length: i32,
  type: i32,
  reduction: string,
  part: usize,
): void;
export declare function send(array: usize, length: i32, type: i32, to: i32): void;
/** The length of the array that comes next from a member; `receive` takes it. */
export declare function receive_length(type: i32, from: i32): i32;
export declare function receive(array: usize): void;
