import { assert, suite } from "../../support/index.ts";
import { compile, fixtures } from "../asc.ts";
import { type Instance, instantiate } from "../instance.ts";

const test = suite("bodies of gym");
/** asc takes its time on a busy machine. */
const slow = { timeoutMs: 120_000 };
let bodies: Instance;

test.before(async () => {
  bodies = instantiate(await compile(`${fixtures}/bodies.ts`));
}, slow);

const g = 9.81;
/** What all worlds of the fixture have for a step, in s. */
const h = 0.005;

/** What a kernel of the fixture returns, as rows of so many numbers. */
function rowsOf(width: number, kernel: string, ...args: unknown[]): number[][] {
  const numbers = bodies.call(kernel, ...args) as Float64Array;
  return Array.from({ length: numbers.length / width }, (_, row) => [
    ...numbers.subarray(row * width, (row + 1) * width),
  ]);
}

const column = (rows: number[][], index: number) => rows.map((row) => row[index]!);
const largest = (values: number[]) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

function near(actual: number, expected: number, error: number, what = "value"): void {
  assert.ok(Math.abs(actual - expected) <= error, `${what}: ${actual} instead of ${expected} ± ${error}`);
}

/** When an angle goes from right to left, in s, each time. */
function crossings(angles: number[]): number[] {
  return angles.flatMap((angle, step) => {
    const before = angles[step - 1] ?? 0;
    return before > 0 && angle <= 0 ? [h * (step + before / (before - angle))] : [];
  });
}

for (const amplitude of [0.1, 1, Math.PI / 2]) {
  test(`a rod that swings by ${amplitude.toFixed(2)} keeps its energy for 20 s, and the period that is known`, () => {
    const rows = rowsOf(3, "pendulum", 1, amplitude, 1, 4_000);
    const swing = 0.5 * g * (1 - Math.cos(amplitude));
    const energies = column(rows, 1);
    near(largest(energies.map((energy) => energy - energies[0]!)), 0, 0.03 * swing, "change of energy");
    const times = crossings(column(rows, 0));
    const period = (times.at(-1)! - times[0]!) / (times.length - 1);
    // That of small swings, 2π √(2l / 3g), by the arithmetic-geometric mean of 1 and the cosine of half the amplitude.
    let [a, b] = [1, Math.cos(amplitude / 2)];
    while (a - b > 1e-12) [a, b] = [(a + b) / 2, Math.sqrt(a * b)];
    near(period, (2 * Math.PI * Math.sqrt(2 / (3 * g))) / a, 0.002, "period");
    assert.ok(largest(column(rows, 2)) < 0.000_5, "gap of the joint");
  });
}

test("two rods that swing wildly lose little energy in 20 s, and win none", () => {
  const energies = column(rowsOf(3, "pendulum", 2, 1.5, 1, 4_000), 1);
  const swing = 2 * g * (1 - Math.cos(1.5));
  assert.ok(Math.max(...energies) < energies[0]! + 0.01 * swing);
  assert.ok(energies.at(-1)! > energies[0]! - 0.1 * swing);
});

test("joints of a chain hold within 5 mm when it swings with 20 kg at its end", () => {
  const rows = rowsOf(3, "pendulum", 5, 0.5, 20, 2_000);
  assert.ok(largest(column(rows, 2)) < 0.005);
});

test("bodies that collide and have joints, limits and motors keep the momentum that they had", () => {
  const rows = rowsOf(3, "fly", 600);
  assert.ok(largest(column(rows, 0)) < 1e-12, "along");
  assert.ok(largest(column(rows, 1)) < 1e-12, "upwards");
  // Each of two sides has some 1 kg·m²/s, most of it against that of the other.
  for (const around of column(rows, 2)) near(around, rows[0]![2]!, 0.005, "around");
});

test("a box that falls on its edge comes to rest flat on the ground, and stays for 15 s where it is", () => {
  const rows = rowsOf(6, "box", 0.4, 0.5, 0, 0, 0.8, 4_000);
  const rested = rows.slice(1_000);
  for (const [x, y, angle, ...speeds] of rested) {
    near(x!, rested[0]![0]!, 1e-6, "x");
    // Half its height, less what lets it go on touching.
    near(y!, 0.1 - 0.0015, 0.000_5, "y");
    near(angle!, 0, 1e-6, "angle");
    assert.ok(largest(speeds) < 1e-6, `speeds ${speeds}`);
  }
});

test("a pile of 8 boxes of different masses, each a little to the side, stands for 20 s", () => {
  const rows = rowsOf(48, "pile", 8, 4_000);
  const [settled, last] = [rows[600]!, rows.at(-1)!];
  for (let box = 0; box < 8; box++) {
    const [x, y, angle] = last.slice(6 * box) as [number, number, number];
    near(x, box % 2 === 1 ? 0.03 : 0, 0.06, `x of box ${box}`);
    near(y, 0.15 + 0.3 * box, 0.06, `y of box ${box}`);
    near(angle, 0, 0.03, `angle of box ${box}`);
    for (const part of [0, 1, 2]) near(last[6 * box + part]!, settled[6 * box + part]!, 0.003, "drift");
  }
  for (const row of rows.slice(1_000)) {
    for (let box = 0; box < 8; box++) assert.ok(largest(row.slice(6 * box + 3, 6 * box + 6)) < 0.005);
  }
});

for (const slope of [0.3, 0.45]) {
  test(`a box stays on a slope of ${slope} when its friction is 0.5, whose angle is 0.46`, () => {
    const rows = rowsOf(6, "box", 0.1, 0, 0, slope, 0.5, 400);
    assert.ok(largest(column(rows, 0)) < 0.001);
  });
}

for (const slope of [0.5, 0.6]) {
  test(`a box slides down a slope of ${slope} as fast as friction of 0.5 lets it`, () => {
    const rows = rowsOf(6, "box", 0.1, 0, 0, slope, 0.5, 400);
    const acceleration = g * (Math.sin(slope) - 0.5 * Math.cos(slope));
    near(rows.at(-1)![3]!, acceleration * 2, 0.001, "speed after 2 s");
  });
}

test("a box that slides comes to rest where friction has used up its energy", () => {
  const rows = rowsOf(6, "box", 0.099, 0, 3, 0, 0.4, 400);
  near(rows.at(-1)![0]!, 3 ** 2 / (2 * 0.4 * g), 0.015, "x");
  near(rows.at(-1)![3]!, 0, 1e-6, "speed");
});

test("a motor accelerates as its torque allows, up to its speed", () => {
  const rows = rowsOf(2, "motor", 5, 6, 100, 1_000);
  // A box of 1 m by 1 m and 12 kg.
  const inertia = 2;
  near(rows[99]![1]!, (6 / inertia) * 0.5, 1e-9, "rate after 0.5 s");
  near(rows.at(-1)![1]!, 5, 1e-9, "rate at the end");
  assert.ok(Math.max(...column(rows, 1)) < 5 + 1e-9);
});

test("a limit stops a motor that goes on pushing", () => {
  const angles = column(rowsOf(2, "motor", 5, 6, 0.5, 400), 0);
  assert.ok(Math.max(...angles) < 0.502, `${Math.max(...angles)}`);
  near(angles.at(-1)!, 0.5, 0.001, "angle at the end");
});

test("cosine and sine are those of the angle after 2,000 steps at 20 rad/s", () => {
  assert.ok((bodies.call("turning", 20, 2_000) as number) < 1e-9);
});

test("all of it is the same to the last bit when it runs again", () => {
  for (const [kernel, ...args] of [
    ["pendulum", 5, 0.5, 20, 500],
    ["fly", 500],
    ["pile", 8, 500],
    ["box", 0.4, 0.5, 0, 0, 0.8, 500],
  ] as const) {
    assert.equal(bodies.call(kernel, ...args), bodies.call(kernel, ...args), kernel);
  }
});
