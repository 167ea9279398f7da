import { typings } from "../../scheduler/manifest/typings.ts";
import { manifestSection } from "../../scheduler/protocol/manifest.ts";
import { type Actor, exposeActors } from "./actors.ts";
import { errorCategory, type Program } from "./compiler.ts";
import { entryFile } from "./entry.ts";
import { describe } from "./manifest.ts";
import { refuseMisplacedMarks } from "./marks.ts";
import { type ReadFile, readOptions, type WrayOptions } from "./options.ts";
import { outputPath } from "./output-path.ts";
import { refuse } from "./refuse.ts";
import { rewriteRemoteCalls } from "./remote-calls.ts";
import { refuseReservedNames } from "./reserved.ts";

/**
 * The transform that makes a wray module of what `asc` compiles: it adds the manifest, and writes typings beside it.
 * `asc` makes one instance of it a compilation and gives it these fields.
 */
export default class WrayTransform {
  declare readonly program: Program;
  declare readonly baseDir: string;
  declare readonly readFile: ReadFile;
  declare readonly writeFile: (name: string, contents: string, baseDir: string) => Promise<void> | void;
  #options: WrayOptions = {};
  #actors: Actor[] = [];

  /** Called when the sources are parsed. */
  afterParse({ sources }: { sources: readonly { statements: readonly object[] }[] }): void {
    for (const source of sources) rewriteRemoteCalls(source);
  }

  /** Called when the sources are parsed and linked, before anything is compiled. */
  async afterInitialize(program: Program): Promise<void> {
    this.#options = await readOptions(program, this.baseDir, this.readFile);
    if (!program.options.exportRuntime) {
      refuse(
        program,
        null,
        "A host cannot pass arguments to a module that does not export its runtime.",
        'Let asconfig.json say `"extends": "wray/asconfig.json"`, or give asc --exportRuntime.',
      );
    }
    const entry = entryFile(program);
    if (entry === undefined) return;
    refuseReservedNames(program, entry);
    refuseMisplacedMarks(program);
    this.#actors = exposeActors(program, entry);
  }

  /** Called when every type is resolved and the module can still be changed, before it is optimised. */
  async afterCompile(): Promise<void> {
    const entry = entryFile(this.program);
    if (entry === undefined) return;
    const manifest = { ...describe(this.program, entry, this.#actors), ...this.#options };
    this.program.module.addCustomSection(manifestSection, new TextEncoder().encode(JSON.stringify(manifest)));
    if (this.program.diagnostics.some(({ category }) => category === errorCategory)) return; // No module is written.
    const output = await outputPath(process.argv, this.baseDir, this.readFile);
    if (output !== undefined) await this.writeFile(`${output}.d.ts`, typings(manifest), this.baseDir);
  }
}
