import { paint, type Terminal, terminalOf } from "../output/terminal.ts";

/** Lines about how far a start is, for the person who waits for it. */
export class Progress {
  readonly terminal: Terminal = terminalOf(process.stdout, process.env);
  readonly #startedAt = performance.now();

  step(text: string): void {
    const seconds = ((performance.now() - this.#startedAt) / 1000).toFixed(1);
    this.terminal.write(`  ${paint(this.terminal, "dim", `${seconds.padStart(5)} s`)}  ${text}\n`);
  }

  print(text: string): void {
    this.terminal.write(`${text}\n`);
  }
}
