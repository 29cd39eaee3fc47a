import type { SchedulerLogger } from "../src/ports.ts";

/** A logger that keeps what it is told. */
export class LogBook implements SchedulerLogger {
  readonly lines: { level: string; message: string }[] = [];
  debug = (_fields: object, message: string) => this.#add("debug", message);
  info = (_fields: object, message: string) => this.#add("info", message);
  warn = (_fields: object, message: string) => this.#add("warn", message);
  error = (_fields: object, message: string) => this.#add("error", message);

  messages(level: string): string[] {
    return this.lines.filter((line) => line.level === level).map((line) => line.message);
  }

  #add(level: string, message: string): void {
    this.lines.push({ level, message });
  }
}
