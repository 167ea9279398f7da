import script from "worker:./page/main.ts";
import html from "./page/index.html";
import style from "./page/style.css";
import { fontFamily, palette } from "./palette.ts";

/** The page as one text: it needs nothing else but the events. */
export function renderPage(nonce: string): string {
  const colours = Object.entries(palette).map(([name, colour]) => `--${name}: ${colour};`);
  const root = `:root { ${colours.join(" ")} --font: ${fontFamily}; }`;
  return html
    .replace("<!-- style -->", () => `<style nonce="${nonce}">${root}\n${style}</style>`)
    .replace("<!-- script -->", () => `<script nonce="${nonce}">${script}</script>`);
}
