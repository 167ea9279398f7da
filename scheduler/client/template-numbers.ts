import type { TaskTemplate } from "../dataflow/pending-task.ts";
import { mostTemplates } from "../protocol/messages.ts";

/** The templates that a host was told of in a session, and their numbers. */
export class TemplateNumbers {
  readonly #numbers = new Map<TaskTemplate, number>();
  readonly #templates: TaskTemplate[] = [];
  #next = 0;

  /** Its number; undefined when the host does not know it. */
  of(template: TaskTemplate): number | undefined {
    return this.#numbers.get(template);
  }

  /** Gives it a number, if need be that of another, which the host then no longer knows. */
  add(template: TaskTemplate): number {
    const number = this.#next;
    this.#next = (number + 1) % mostTemplates;
    const former = this.#templates[number];
    if (former !== undefined) this.#numbers.delete(former);
    this.#templates[number] = template;
    this.#numbers.set(template, number);
    return number;
  }
}
