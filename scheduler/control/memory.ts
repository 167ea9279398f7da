import type { NamedActor } from "../protocol/messages.ts";
import type { Control, Lease } from "./control.ts";

/** The control plane of a cluster inside one process. */
export function memoryControl(): Control {
  const modules = new Map<string, Uint8Array<ArrayBuffer>>();
  const sourceMaps = new Map<string, Uint8Array>();
  const names = new Map<string, string>();
  const leases = new Map<string, Lease>();
  const actors = new Map<string, NamedActor>();
  let revision = 0;
  return {
    async putModule(sha256, bytes) {
      if (!modules.has(sha256)) modules.set(sha256, Uint8Array.from(bytes));
    },
    getModule: async (sha256) => modules.get(sha256),
    async putSourceMap(sha256, bytes) {
      if (!sourceMaps.has(sha256)) sourceMaps.set(sha256, Uint8Array.from(bytes));
    },
    getSourceMap: async (sha256) => sourceMaps.get(sha256),
    async nameModule(name, sha256) {
      names.set(name, sha256);
    },
    findModule: async (name) => names.get(name),
    async nameActor({ namespace, name }, actor, instead) {
      const key = `${namespace}.${name}`;
      const known = actors.get(key);
      if (known !== undefined && known.address !== instead?.address) return known;
      actors.set(key, actor);
      return actor;
    },
    findActor: async ({ namespace, name }) => actors.get(`${namespace}.${name}`),
    async dropActor({ namespace, name }, address) {
      const key = `${namespace}.${name}`;
      if (actors.get(key)?.address === address) actors.delete(key);
    },
    async putLease(lease) {
      leases.set(lease.host, lease);
      return ++revision;
    },
    async dropLease(hostId) {
      leases.delete(hostId);
    },
    leases: async () => [...leases.values()],
  };
}
