/** What is checked of arguments, once. Errors have the words of `gpu/shaders/sizes.ts`. */

/** The most values that one array can have. */
const MOST_VALUES: i64 = i32.MAX_VALUE >> 2;

export function checkLength(name: string, given: i32, needed: i64): void {
  if (<i64>given != needed) throw new Error(`${name} has ${given} values, and ${needed} are needed`);
}

export function checkSize(name: string, size: i32, least: i32 = 0): void {
  if (size < least) throw new Error(`${name} is a whole number from ${least} on, not ${size}`);
}

/** The product of two sizes that are not negative, if an array can have as many values. */
export function product(a: i64, b: i64): i64 {
  if (a != 0 && b > MOST_VALUES / a) throw new Error(`no array has ${a} × ${b} values`);
  return a * b;
}

/** How many rows of so many columns there are in an array. */
export function rowsOf(name: string, length: i32, columns: i32): i32 {
  checkSize("columns", columns);
  const isWhole = columns == 0 ? length == 0 : length % columns == 0;
  if (!isWhole) throw new Error(`${name} has ${length} values, and rows of ${columns} are needed`);
  return columns == 0 ? 0 : length / columns;
}
