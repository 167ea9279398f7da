export type { ServerOptions } from "../bus/credentials.ts";
export type { KernelSignature, Manifest, Param, Type } from "../manifest/manifest.ts";
export * from "../protocol/errors.ts";
export { Client } from "./client.ts";
export { type ClientOptions, connect as init } from "./connect.ts";
export type { Kernel } from "./kernel.ts";
export type { Module } from "./module.ts";
export { ObjectRef } from "./object-ref.ts";
export type { TaskOptions } from "./task-options.ts";
