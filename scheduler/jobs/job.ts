import { InvalidTaskError } from "../protocol/errors.ts";
import { bytes, count, flag, listOf, object, shortText } from "../protocol/shape.ts";
import { checkName } from "../protocol/subjects.ts";
import {
  type Format,
  optionalShapes,
  readTask,
  requiredShapes,
  type SubmitRequest,
  submitFields,
  toNumber,
} from "../protocol/submit.ts";

/** A task that outlives who submits it, as it lies in the stream of jobs. */
export type JobRequest = SubmitRequest & {
  /** The sha-256 of the module, which may have another name by the time that the job is run. */
  module?: string;
  /** Instead of `args`: encoded values. The result is then one, too. */
  values?: Uint8Array[];
  /** How often it is run again after a failure that is not its own. */
  maxRetries?: number;
  /** Whether it is run again, too, when the kernel itself fails. */
  retryErrors?: boolean;
  /** How long the first retry waits; each further one waits twice as long. */
  backoffMs?: number;
};

const jobFields = [...submitFields, "module", "values", "maxRetries", "retryErrors", "backoffMs"];
const request = object(requiredShapes, {
  ...optionalShapes,
  ...{ module: shortText, values: listOf(bytes), maxRetries: count, retryErrors: flag, backoffMs: count },
});

/**
 * Reads a job, which anyone may have published.
 * @param id the last part of its subject
 * @throws ProtocolError when it is malformed, too large or of another version of the protocol
 * @throws InvalidTaskError when it has a field that does not exist, another id, or an id that can be none
 */
export function parseJob(payload: Uint8Array, format: Format, id: string): JobRequest {
  checkName("job", id);
  const {
    args = [],
    maxRetries,
    backoffMs,
    ...fields
  } = readTask(payload, format, jobFields) as Partial<Record<string, unknown>>;
  const job = request(
    { ...fields, args, maxRetries: toNumber(maxRetries), backoffMs: toNumber(backoffMs) },
    "job",
  );
  if (job.id !== undefined && job.id !== id) {
    throw new InvalidTaskError(
      `the job says that its id is ${JSON.stringify(job.id)}, and its subject ${id}`,
      {
        remedy: "Publish it on the subject that ends with its id, or leave the field out.",
      },
    );
  }
  return job;
}
