import type { HostRow } from "../messages.ts";

/** Rates are means of about so long. */
const rateMs = 1_000;
/** A bar that is full has so many tasks in flight. */
const fullBar = 32;

type Press = (method: string, path: string) => Promise<void>;
type Rate = { tasksRun: number; atMs: number; perSecond: number };

/** The hosts, each with what it does and a button that kills it. */
export class HostTable {
  readonly #body: HTMLElement;
  readonly #press: Press;
  readonly #rows = new Map<string, HTMLTableRowElement>();
  readonly #rates = new Map<string, Rate>();

  constructor(body: HTMLElement, add: HTMLButtonElement, press: Press) {
    this.#body = body;
    this.#press = press;
    add.addEventListener("click", () => void press("POST", "/hosts"));
  }

  update(rows: readonly HostRow[]): void {
    const ids = new Set(rows.map(({ id }) => id));
    for (const [id, row] of this.#rows) {
      if (ids.has(id)) continue;
      row.remove();
      this.#rows.delete(id);
      this.#rates.delete(id);
    }
    for (const row of rows) this.#fill(this.#rows.get(row.id) ?? this.#add(row.id), row);
  }

  #add(id: string): HTMLTableRowElement {
    const row = document.createElement("tr");
    row.dataset.host = id;
    row.innerHTML =
      '<td class="name"></td>' +
      '<td><div class="load"><div class="bar"><div class="fill"></div></div><span class="count"></span></div></td>' +
      "<td></td><td></td><td></td>" +
      '<td><button type="button" class="kill">Kill</button></td>';
    row.cells[0]!.textContent = id;
    const button = row.querySelector("button")!;
    button.ariaLabel = `Kill ${id}`;
    button.addEventListener("click", () => void this.#press("DELETE", `/hosts/${id}`));
    this.#body.append(row);
    this.#rows.set(id, row);
    return row;
  }

  #fill(row: HTMLTableRowElement, { id, state, inFlight, queued, tasksRun }: HostRow): void {
    row.className = state;
    row.querySelector<HTMLElement>(".fill")!.style.width = `${Math.min(100, (100 * inFlight) / fullBar)}%`;
    row.querySelector(".count")!.textContent = String(inFlight);
    row.cells[2]!.textContent = String(queued);
    row.cells[3]!.textContent = state === "up" ? String(Math.round(this.#rate(id, tasksRun))) : state;
    row.cells[4]!.textContent = tasksRun.toLocaleString("en");
    row.querySelector("button")!.disabled = state !== "up";
  }

  #rate(id: string, tasksRun: number): number {
    const nowMs = performance.now();
    const before = this.#rates.get(id);
    if (before === undefined) {
      this.#rates.set(id, { tasksRun, atMs: nowMs, perSecond: 0 });
      return 0;
    }
    const pastMs = nowMs - before.atMs;
    if (pastMs < rateMs) return before.perSecond;
    const perSecond = (1_000 * (tasksRun - before.tasksRun)) / pastMs;
    this.#rates.set(id, { tasksRun, atMs: nowMs, perSecond });
    return perSecond;
  }
}
