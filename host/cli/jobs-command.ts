import { inspect } from "node:util";
import Table from "cli-table3";
import type { ServerOptions } from "../../scheduler/bus/credentials.ts";
import type { Client } from "../../scheduler/client/client.ts";
import { connect } from "../../scheduler/client/connect.ts";
import type { JobStatus } from "../../scheduler/client/jobs.ts";
import { InvalidTaskError, WrayError } from "../../scheduler/protocol/errors.ts";

export type JobsCommandOptions = ServerOptions & { cluster: string };
type WaitOption = { timeoutMs?: number };
type ReplayOption = { allDead?: boolean };

/** What can be done with jobs from the command line. */
export const jobsCommands = {
  list: (options: JobsCommandOptions) =>
    withClient(options, async (wray) => {
      const jobs = await wray.jobs();
      console.log(
        table(
          ["job", "kernel", "state", "attempts", "host", "since", "why"],
          jobs.map((job) => [
            job.id,
            job.kernel ?? "",
            job.state + (job.isDead === true ? ", dead" : ""),
            String(job.attempts ?? ""),
            job.host ?? "",
            timeOf(job.atMs ?? job.submittedMs),
            job.error?.message ?? "",
          ]),
        ),
      );
    }),

  show: (id: string, options: JobsCommandOptions) =>
    withClient(options, async (wray) => {
      const status = await wray.job(id).status();
      for (const [name, value] of Object.entries(shown(status)))
        console.log(`${name.padEnd(10)} ${plain(value)}`);
    }),

  result: (id: string, { timeoutMs, ...options }: JobsCommandOptions & WaitOption) =>
    withClient(options, async (wray) => {
      const result = await wray.job(id).result(timeoutMs === undefined ? {} : { timeoutMs });
      console.log(inspect(result, { depth: null, maxArrayLength: null, maxStringLength: null }));
    }),

  dead: (options: JobsCommandOptions) =>
    withClient(options, async (wray) => {
      const letters = await wray.deadJobs();
      console.log(
        table(
          ["job", "kernel", "died", "why"],
          letters.map(({ id, kernel, atMs, reason }) => [id, kernel ?? "", timeOf(atMs), reason]),
        ),
      );
    }),

  replay: (ids: readonly string[], { allDead = false, ...options }: JobsCommandOptions & ReplayOption) =>
    withClient(options, async (wray) => {
      if (allDead === ids.length > 0) {
        throw new InvalidTaskError("replay takes the ids of jobs, or --all-dead", {
          remedy: "`wray jobs dead` lists what can be replayed.",
        });
      }
      const chosen = allDead ? (await wray.deadJobs()).map(({ id }) => id) : ids;
      let failure: unknown;
      for (const id of chosen) {
        try {
          await wray.job(id).replay();
          console.log(`replayed ${plain(id)}`);
        } catch (error) {
          // The others are not to wait for one that can't be.
          if (!(error instanceof WrayError) || !allDead) throw error;
          console.error(`wray: ${plain(error.message)} [${error.code}]`);
          failure = error;
        }
      }
      if (failure !== undefined) throw failure;
    }),

  cancel: (id: string, options: JobsCommandOptions) =>
    withClient(options, async (wray) => {
      const wasOpen = await wray.job(id).cancel();
      console.log(wasOpen ? `cancelled ${id}` : `${id} was done before`);
    }),
};

async function withClient(
  options: JobsCommandOptions,
  action: (wray: Client) => Promise<void>,
): Promise<void> {
  const client = await connect(options);
  try {
    await action(client);
  } finally {
    await client.shutdown();
  }
}

function shown({ id, state, isDead, kernel, host, attempts, submittedMs, atMs, error }: JobStatus) {
  const remedy = error instanceof WrayError ? error.remedy : undefined;
  const code = error instanceof WrayError ? error.code : error?.name;
  const all = {
    ...{ job: id, state: state + (isDead === true ? ", dead" : ""), kernel, host, attempts },
    ...{ submitted: submittedMs && timeOf(submittedMs), since: atMs && timeOf(atMs) },
    ...{ error: error && `${error.message} [${code}]`, remedy },
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

function table(head: string[], rows: string[][]): string {
  const shown = new Table({ head, style: { head: [], border: [], compact: true } });
  shown.push(...rows.map((row) => row.map(plain)));
  return String(shown);
}

/** What others say of their jobs must not steer a terminal. */
const plain = (value: unknown) => String(value).replace(/\p{Cc}/gu, " ");

const timeOf = (ms: number | undefined) => (ms === undefined ? "" : new Date(ms).toISOString());
