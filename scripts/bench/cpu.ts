import { readdir, readFile } from "node:fs/promises";

/** Of the times in `/proc`: what `getconf CLK_TCK` says on every Linux. */
const tickMs = 10;

/** What a process has had of the processor so far, with all its threads. */
export async function cpuMsOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  // Behind the program's name, which may have spaces in it: the state is field 3, user and system time are 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[14 - 3]) + Number(fields[15 - 3])) * tickMs;
}

/** Resident memory of a process, in bytes. */
export async function rssBytesOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

/** What each thread of this process that lives has had of the processor so far, in ns, by its number. */
export async function cpuNsOfThreads(): Promise<Map<string, number>> {
  const ids = await readdir("/proc/self/task");
  const texts = await Promise.all(
    ids.map((id) => readFile(`/proc/self/task/${id}/schedstat`, "utf8").catch(() => undefined)),
  );
  // A thread may have ended meanwhile.
  return new Map(
    ids.flatMap((id, index) =>
      texts[index] === undefined ? [] : [[id, Number.parseInt(texts[index]!, 10)]],
    ),
  );
}
