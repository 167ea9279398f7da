import { spawn } from "node:child_process";

/** Asks the desktop to show an address. Where there is none, nothing happens: the address has been printed. */
export function openInBrowser(url: string): void {
  const program = process.platform === "darwin" ? "open" : "xdg-open";
  const child = spawn(program, [url], { stdio: "ignore", detached: true });
  child.once("error", () => {});
  child.unref();
}
