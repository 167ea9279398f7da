/** A fenced block of a Markdown text. */
export type Block = {
  language: string;
  /** The file that the block shows whole: what stands behind the language. */
  file: string | undefined;
  /** The heading that it stands under. */
  heading: string;
  text: string;
  /** Where its first fence is, from 1. */
  line: number;
};

export function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = [];
  let heading = "";
  let open: Block | undefined;
  for (const [index, line] of markdown.split("\n").entries()) {
    const fence = /^```(\w*) ?(.*)$/.exec(line);
    if (open !== undefined) {
      if (line !== "```") open.text += `${line}\n`;
      else {
        blocks.push(open);
        open = undefined;
      }
    } else if (fence !== null) {
      open = { language: fence[1]!, file: fence[2] || undefined, heading, text: "", line: index + 1 };
    } else {
      heading = /^#+ (.*)$/.exec(line)?.[1] ?? heading;
    }
  }
  if (open !== undefined) throw new Error(`the block from line ${open.line} has no end`);
  return blocks;
}

/** The commands of a block in `sh`, one a line, without comments. */
export const commandsOf = ({ text }: Block): string[] =>
  text
    .split("\n")
    .map((line) => line.replace(/(^| +)# .*$/, "").trim())
    .filter((line) => line !== "");

/** What a block is said to print: the `text` that comes next, with no other program between. */
export function outputAfter(blocks: readonly Block[], block: Block): string | undefined {
  const next = blocks[blocks.indexOf(block) + 1];
  return next?.language === "text" && next.heading === block.heading ? next.text : undefined;
}

/** The commands in the running text: code spans that begin with the name of a program. */
export const commandsInText = (markdown: string): string[] =>
  [...markdown.replace(/^```.*?^```$/gms, "").matchAll(/`([^`\n]+)`/g)]
    .map(([, span]) => span!)
    .filter((span) => /^(?:npm|npx|node|nats|nats-server|wray) /.test(span));
