/** What an error looks like on the wire and between threads. */
export type WireError = {
  code: string;
  message: string;
  /** What the user can do about it. */
  remedy?: string;
  /** Facts a program can act on, such as `{ kernel: "math/add" }`. */
  data?: Record<string, unknown>;
  stack?: string;
  cause?: WireError;
};

/** One place of a kernel's stack, as `data.stack` of an error has it. Those in `~lib/` are the standard library's. */
export type KernelFrame = {
  /** Missing for a part of the standard library that the compiler has put into its caller. */
  function?: string;
  /** The source file, as it was given to the compiler; missing, as are line and column, when it is not known. */
  file?: string;
  /** From 1, as is `column`. */
  line?: number;
  column?: number;
  /** The place is only the nearest one that the optimiser has left. */
  isNear?: true;
  /** Where the source is not known: the offset of the instruction in the module, in bytes. */
  offset?: number;
};

export type ErrorDetails = {
  remedy?: string;
  data?: Record<string, unknown>;
  cause?: unknown;
};

/** The base of every error of wray. `code` is stable; `message` says what was wrong and where. */
export class WrayError extends Error {
  readonly code: string = "WRAY_ERROR";
  readonly remedy: string | undefined;
  readonly data: Record<string, unknown>;

  constructor(message: string, { remedy, data = {}, cause }: ErrorDetails = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.remedy = remedy;
    this.data = data;
  }
}

/** The kernel itself failed: a trap, a failed assertion, an abort. Never retried. */
export class TaskError extends WrayError {
  override readonly code = "TASK_ERROR";
}
/** The task ran longer than its `timeoutMs`, or computed longer than its `cpuMs`. */
export class TaskTimeoutError extends WrayError {
  override readonly code = "TASK_TIMEOUT";
}
/** It was cancelled, by `cancel` or with the task that had submitted it. */
export class TaskCancelledError extends WrayError {
  override readonly code = "TASK_CANCELLED";
}
/** The kernel asked for more memory than its task may have. */
export class OutOfMemoryError extends WrayError {
  override readonly code = "OUT_OF_MEMORY";
}
/** The kernel's calls went deeper than its stack. */
export class StackOverflowError extends WrayError {
  override readonly code = "STACK_OVERFLOW";
}
/** The task went past another limit of its, which `data.limit` names, such as `maxResultBytes`. */
export class LimitExceededError extends WrayError {
  override readonly code = "LIMIT_EXCEEDED";
}
/** The call is wrong: arguments, options. Thrown before anything runs. */
export class InvalidTaskError extends WrayError {
  override readonly code = "INVALID_TASK";
}
/** The cluster has no such job: it was never submitted, or its result was kept for long enough. */
export class JobNotFoundError extends WrayError {
  override readonly code = "JOB_NOT_FOUND";
}
/** The module has no such kernel. */
export class KernelNotFoundError extends WrayError {
  override readonly code = "KERNEL_NOT_FOUND";
}
/** The cluster has no such module. */
export class ModuleNotFoundError extends WrayError {
  override readonly code = "MODULE_NOT_FOUND";
}
/** The bytes are no module that a host would run. */
export class ModuleRejectedError extends WrayError {
  override readonly code = "MODULE_REJECTED";
}
/** The worker thread died under the task. Retried up to `maxRetries`. */
export class WorkerCrashedError extends WrayError {
  override readonly code = "WORKER_CRASHED";
}
/** The host died or left with the task. Retried up to `maxRetries`. */
export class HostDiedError extends WrayError {
  override readonly code = "HOST_DIED";
}
/** The actor is gone: it was killed, what makes it failed, or its host died and it may not be restarted. */
export class ActorDiedError extends WrayError {
  override readonly code = "ACTOR_DIED";
}
/** The call was on its way or under way when the actor lost its host; whether it was applied is not known. */
export class ActorUnavailableError extends WrayError {
  override readonly code = "ACTOR_UNAVAILABLE";
}
/** There is an actor of this name. */
export class ActorAlreadyExistsError extends WrayError {
  override readonly code = "ACTOR_ALREADY_EXISTS";
}
/** There is no actor of this name. */
export class ActorNotFoundError extends WrayError {
  override readonly code = "ACTOR_NOT_FOUND";
}
/** The task, or the method, waits for an actor that waits for it: `data.cycle` names those that wait, the first again last. */
export class DeadlockError extends WrayError {
  override readonly code = "DEADLOCK";
}
/** As many calls of the actor are pending as `maxPendingCalls` allows. */
export class PendingCallsLimitExceededError extends WrayError {
  override readonly code = "PENDING_CALLS_LIMIT_EXCEEDED";
}
/**
 * Another member of the task's gang was lost, or has returned while this one waits for it: `data.group` and `data.rank` tell
 * which, and `cause` why, if that is known.
 */
export class CollectiveError extends WrayError {
  override readonly code = "COLLECTIVE_FAILED";
}
/** The client that owned the object died, and with it whoever could tell where it is, or make it again. */
export class OwnerDiedError extends WrayError {
  override readonly code = "OWNER_DIED";
}
/** No copy of the object is left. */
export class ObjectLostError extends WrayError {
  override readonly code = "OBJECT_LOST";
}
/** The object store of a host has no room, even with all spilled that can be; or the object is larger than it. */
export class ObjectStoreFullError extends WrayError {
  override readonly code = "OBJECT_STORE_FULL";
}
/** The disk has no room for what the object store must spill; what is in memory stays there. */
export class OutOfDiskError extends WrayError {
  override readonly code = "OUT_OF_DISK";
}
/** `get` waited for its `timeoutMs`; the tasks go on. */
export class GetTimeoutError extends WrayError {
  override readonly code = "GET_TIMEOUT";
}
/** No host of the cluster can run the task. */
export class InfeasibleTaskError extends WrayError {
  override readonly code = "INFEASIBLE_TASK";
}
/** The task waited longer than its `ttlMs` and was not run. */
export class TaskExpiredError extends WrayError {
  override readonly code = "TASK_EXPIRED";
}
/** A message broke the wire protocol: malformed, too large, of an unknown version. */
export class ProtocolError extends WrayError {
  override readonly code = "PROTOCOL_ERROR";
}
/** The NATS server can't be reached, or lacks what is needed. */
export class ConnectionError extends WrayError {
  override readonly code = "CONNECTION_FAILED";
}
/** The NATS server refused the credentials. */
export class AuthenticationError extends WrayError {
  override readonly code = "AUTHENTICATION_FAILED";
}
/** The client was shut down while this was pending. */
export class ShutdownError extends WrayError {
  override readonly code = "SHUTDOWN";
}

const classes = [
  TaskError,
  TaskTimeoutError,
  TaskCancelledError,
  OutOfMemoryError,
  StackOverflowError,
  LimitExceededError,
  InvalidTaskError,
  JobNotFoundError,
  KernelNotFoundError,
  ModuleNotFoundError,
  ModuleRejectedError,
  WorkerCrashedError,
  HostDiedError,
  ActorDiedError,
  ActorUnavailableError,
  ActorAlreadyExistsError,
  ActorNotFoundError,
  DeadlockError,
  PendingCallsLimitExceededError,
  CollectiveError,
  OwnerDiedError,
  ObjectLostError,
  ObjectStoreFullError,
  OutOfDiskError,
  GetTimeoutError,
  InfeasibleTaskError,
  TaskExpiredError,
  ProtocolError,
  ConnectionError,
  AuthenticationError,
  ShutdownError,
];
/** Bounds of what crosses, so that an error always fits a message: characters of a text, and of all data as JSON. */
export const longestText = 2_000;
const longestData = 8_000;
/** How many causes below an error cross. */
export const mostCauses = 8;

const cut = (text: string) => (text.length > longestText ? `${text.slice(0, longestText)}…` : text);

const classOfCode = new Map(classes.map((ErrorClass) => [new ErrorClass("").code as string, ErrorClass]));

/** An error as plain data, so that it crosses threads and the wire with its code, cause and stack. */
export function toWireError(error: unknown, causesLeft = mostCauses): WireError {
  if (!(error instanceof Error)) return { code: "ERROR", message: cut(String(error)) };
  const wire: WireError = {
    code: error instanceof WrayError ? error.code : cut(error.name),
    message: cut(error.message),
  };
  if (error.stack !== undefined) wire.stack = cut(error.stack);
  if (error instanceof WrayError) {
    if (error.remedy !== undefined) wire.remedy = cut(error.remedy);
    const dataLength = JSON.stringify(error.data).length;
    if (dataLength > 2 && dataLength <= longestData) wire.data = error.data;
  }
  if (error.cause !== undefined && causesLeft > 0) wire.cause = toWireError(error.cause, causesLeft - 1);
  return wire;
}

/** The error that `toWireError` made plain: of the same class, or an `Error` when its code is not ours. */
export function fromWireError(wire: WireError): Error {
  const cause = wire.cause === undefined ? undefined : fromWireError(wire.cause);
  const ErrorClass = classOfCode.get(wire.code);
  let error: Error;
  if (ErrorClass === undefined) {
    error = new Error(wire.message, cause === undefined ? undefined : { cause });
    error.name = wire.code;
  } else {
    error = new ErrorClass(wire.message, {
      ...(wire.remedy === undefined ? {} : { remedy: wire.remedy }),
      ...(wire.data === undefined ? {} : { data: wire.data }),
      cause,
    });
  }
  if (wire.stack !== undefined) error.stack = wire.stack;
  return error;
}
