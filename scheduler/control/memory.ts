import { nameKey } from "../protocol/actor-address.ts";
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
    async nameActor(name, actor, instead) {
      const key = nameKey(name);
      const known = actors.get(key);
      if (known !== undefined && known.address !== instead?.address) return known;
      actors.set(key, actor);
      return actor;
    },
    findActor: async (name) => actors.get(nameKey(name)),
    async dropActor(name, address) {
      const key = nameKey(name);
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
