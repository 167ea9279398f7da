import { InvalidTaskError } from "./errors.ts";

/** The version of the wire protocol, part of every subject. */
export const protocolVersion = 1;

/** The subjects of one cluster, `wray.v1.<cluster>.…` */
export type Subjects = ReturnType<typeof subjectsOf>;

/** @throws InvalidTaskError when the name can't be a part of a subject */
export function subjectsOf(cluster: string) {
  const prefix = `wray.v${protocolVersion}.${checkName("cluster", cluster)}`;
  return {
    /** Where any NATS client sends a task and gets its result as the reply. */
    submit: `${prefix}.submit`,
    /** Where anyone publishes a job, for the cluster's stream of jobs to keep; its id, or `*` for all. */
    job: (id: string) => `${prefix}.jobs.${id}`,
    /** Where hosts put jobs that can't be done. */
    deadJob: (id: string) => `${prefix}.dead.${id}`,
    /** Tells hosts the id of a job that was cancelled. */
    cancelJob: `${prefix}.cancel`,
    /** Heartbeat and load of every host, and of one. */
    load: `${prefix}.load.*`,
    loadOf: (hostId: string) => `${prefix}.load.${hostId}`,
    /** Where a host hears from others that have nothing to do. */
    idle: (hostId: string) => `${prefix}.host.${hostId}.idle`,
    /** Where a host is asked to leave. */
    drain: (hostId: string) => `${prefix}.host.${hostId}.drain`,
    /** Where the members of a gang hear of each other. */
    gang: (group: string) => `${prefix}.gang.${group}`,
    /** Where a host hears from others whose tasks are in gangs with its own. */
    gangs: (hostId: string) => `${prefix}.host.${hostId}.gangs`,
    /** Whoever calls here, with no message, hears from every host at once. */
    hello: `${prefix}.hello`,
    /** Packets from clients to a host. */
    hostTasks: (hostId: string) => `${prefix}.host.${hostId}.tasks`,
    /** Packets from hosts to a client. */
    clientResults: (clientId: string) => `${prefix}.client.${clientId}.results`,
    /** Where a client answers for its objects to others that hold refs of them. */
    borrow: (clientId: string) => `${prefix}.client.${clientId}.borrow`,
    /** Where a client hears from others which of its objects they still hold. */
    held: (clientId: string) => `${prefix}.client.${clientId}.held`,
    /** Packets from clients that call actors of another, to that one; and its packets to them. */
    actorCalls: (ownerId: string) => `${prefix}.client.${ownerId}.calls`,
    actorResults: (callerId: string) => `${prefix}.client.${callerId}.answers`,
    /** Where hosts are asked to make a detached actor, and where its calls are written down, by its key. */
    detached: `${prefix}.detached`,
    callLog: (key: string) => `${prefix}.log.${key}`,
    /** Where a client hears what waits for tasks and actors of its own. */
    waits: (clientId: string) => `${prefix}.client.${clientId}.waits`,
    /** Where a client answers that it is there. */
    alive: (clientId: string) => `${prefix}.client.${clientId}.alive`,
    /** Where a host or a client answers for the objects it holds. */
    objects: (peer: Peer) => `${prefix}.${peer.kind}.${peer.id}.objects`,
    /** Where one of those that have a module answers for it, by its sha-256. */
    module: (sha256: string) => `${prefix}.module.${sha256}`,
    /** Where a host or a client tells what it holds, and why. */
    memory: (peer: Peer) => `${prefix}.${peer.kind}.${peer.id}.memory`,
  };
}

/** Someone who holds objects. */
export type Peer = { kind: "host" | "client"; id: string };

/** Names become parts of subjects and of bucket names, so they are letters, digits, `_` and `-`. */
export const isName = (text: string): boolean => /^[A-Za-z0-9_-]{1,64}$/.test(text);

/** What the function of a kernel, and its parameters, can be called. */
export const isFunctionName = (text: string): boolean => /^[A-Za-z_$][\w$]*$/.test(text);

export function checkName(what: string, name: string): string {
  if (isName(name)) return name;
  throw new InvalidTaskError(`${what} ${JSON.stringify(name)} is not a valid name`, {
    remedy: "Use 1 to 64 letters, digits, _ and -.",
  });
}
