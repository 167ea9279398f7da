import type { Control } from "../scheduler/control/control.ts";
import { fetchModuleBytes } from "../scheduler/control/find-module.ts";
import { type ModuleInfo, readModuleInfo } from "../scheduler/manifest/read.ts";
import { prepareModule } from "./wasm/prepare.ts";
