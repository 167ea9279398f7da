export { type Archive, officialArchive } from "./archive.ts";
export type { Installer } from "./cache.ts";
export { type NatsCluster, startNatsCluster } from "./cluster.ts";
export { debianPackage } from "./debian.ts";
export { NatsServerError, type NatsServerErrorCode } from "./error.ts";
export { type FindNatsServerOptions, findNatsServer } from "./find.ts";
export { type StartNatsServerOptions, startNatsServer } from "./launch.ts";
export type { NatsServer } from "./server.ts";
