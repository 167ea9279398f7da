import { existsSync, readdirSync, readFileSync } from "node:fs";

export type LiveProcess = { pid: number; command: string };

/**
 * The live processes of a group, and those that left the group but inherited this TMPDIR. Without a /proc it
 * is only known whether the group is empty.
 */
export function processesOf(group: number, tempFolder: string): LiveProcess[] {
  if (!existsSync("/proc/self/stat")) {
    return signal(-group, 0) ? [{ pid: -group, command: `process group ${group}` }] : [];
  }
  return readdirSync("/proc").flatMap((entry) => {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) return [];
    // After the name in parentheses come the state, the parent and the group.
    const [state, , itsGroup] = read(`/proc/${pid}/stat`)
      .replace(/^.*\) /s, "")
      .split(" ");
    if (!state || state === "Z") return [];
    const isOurs =
      Number(itsGroup) === group || read(`/proc/${pid}/environ`).includes(`TMPDIR=${tempFolder}`);
    return isOurs
      ? [
          {
            pid,
            command: read(`/proc/${pid}/cmdline`)
              .replace(/[\0\s]+/g, " ")
              .trim(),
          },
        ]
      : [];
  });
}

/** The live processes that a process has started itself. */
export function childrenOf(parent: number): LiveProcess[] {
  return readdirSync("/proc").flatMap((entry) => {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) return [];
    const [state, itsParent] = read(`/proc/${pid}/stat`)
      .replace(/^.*\) /s, "")
      .split(" ");
    if (!state || state === "Z" || Number(itsParent) !== parent) return [];
    return [
      {
        pid,
        command: read(`/proc/${pid}/cmdline`)
          .replace(/[\0\s]+/g, " ")
          .trim(),
      },
    ];
  });
}

/** Sends a signal to a process, or to a group by its negative; false when it was gone already. */
export function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}

/** The text of a file of /proc, empty when the process has ended or belongs to someone else. */
function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
