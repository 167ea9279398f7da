import type { Scenario } from "./workload.ts";

/** A picture and a table: what becomes of scenarios that differ in one thing. */
export type Study = {
  name: string;
  title: string;
  /** What differs, and in which scenarios. */
  by: string;
  scenarios: { at: number | string; scenario: Scenario }[];
  /** What is looked at. */
  measure: "wait" | "makespan";
  /** Others can't do what it asks for. */
  isOfWrayAlone?: true;
};

const base: Scenario = {
  ...{ hostCount: 1_000, slots: 4, load: 0.8, speeds: [1], clientCount: 0 },
  ...{ withInput: 0, inputBytes: 0, deaths: undefined, work: { forMs: 150, warmUpMs: 50 }, seed: 1 },
};
const unequal = [0.5, 1, 1.5];

/** @param isQuick few hosts and short times, to see that it works */
export function studies(isQuick: boolean): Study[] {
  const work = isQuick ? { forMs: 30, warmUpMs: 10 } : { forMs: 150, warmUpMs: 50 };
  const hostCount = isQuick ? 30 : 1_000;
  const some = (at: number | string, more: Partial<Scenario>) => ({
    at,
    scenario: { ...base, work, hostCount, ...more },
  });
  const sizes = isQuick ? [10, 30] : [10, 100, 1_000, 10_000];
  const loads = isQuick ? [0.8] : [0.7, 0.8, 0.9, 0.95];
  const few = isQuick ? 10 : 100;
  const crew = isQuick ? 5 : 20;
  const count = crew * (isQuick ? 200 : 4_000);
  return [
    {
      ...{ name: "hosts", title: "Each host submits its share, 80 % load", by: "hosts", measure: "wait" },
      // Fewer hosts run fewer tasks in a time, and more of them are long: so they get more of it.
      scenarios: sizes.map((size) =>
        some(size, {
          hostCount: size,
          work: isQuick
            ? work
            : size > 1_000
              ? { forMs: 40, warmUpMs: 40 }
              : { forMs: Math.max(150, 100_000 / size), warmUpMs: 50 },
        }),
      ),
    },
    {
      ...{ name: "load", title: `Each of ${hostCount} hosts submits its share`, by: "load", measure: "wait" },
      scenarios: loads.map((load) => some(load, { load })),
    },
    {
      ...{ name: "situations", title: `${few} hosts, 80 % load`, by: "situation", measure: "wait" },
      scenarios: [
        some("8 programs submit", { hostCount: few, clientCount: 8 }),
        some("hosts of unequal speed", { hostCount: few, speeds: unequal }),
        some("a third of tasks takes 2 MB from some host", {
          hostCount: few,
          withInput: 1 / 3,
          inputBytes: 2e6,
        }),
      ],
    },
    {
      ...{
        name: "makespan",
        title: `${count.toLocaleString("en")} tasks at once, ${crew} hosts`,
        by: "situation",
      },
      measure: "makespan",
      scenarios: [
        some("equal hosts, 8 programs", { hostCount: crew, clientCount: 8, work: { count } }),
        some("unequal hosts, 8 programs", {
          hostCount: crew,
          clientCount: 8,
          speeds: unequal,
          work: { count },
        }),
        some("unequal hosts, 1 program", {
          hostCount: crew,
          clientCount: 1,
          speeds: unequal,
          work: { count },
        }),
      ],
    },
    {
      ...{ name: "deaths", title: `${count.toLocaleString("en")} tasks at once, ${crew} hosts, 8 programs` },
      ...{ by: "hosts that die", measure: "makespan", isOfWrayAlone: true },
      scenarios: [0, 0.1, 0.25, 0.5].map((part) =>
        some(`${Math.round(part * crew)} of ${crew}`, {
          ...{ hostCount: crew, clientCount: 8, work: { count } },
          deaths: { atMs: isQuick ? 100 : 1_000, part },
        }),
      ),
    },
  ];
}
