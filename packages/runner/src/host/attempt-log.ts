import type { LogLevel, LogLine } from "@tradewind/contract";
import { LineAssembler, MAX_LINE_LENGTH } from "./line-assembler.ts";
import type { LogShipper } from "./log-shipper.ts";
import type { SecretMasker } from "./secret-masker.ts";

type OutputStream = "stdout" | "stderr";

/** As Airflow shows them: what a task prints is information, what it prints on stderr an error. */
const LEVEL_OF_STREAM: Record<OutputStream, LogLevel> = { stdout: "info", stderr: "error" };

/** The log of one attempt: puts lines together, masks them, hands them to the shipper. */
export class AttemptLog {
  readonly #attemptId: string;
  readonly #shipper: LogShipper;
  readonly #masker: SecretMasker;
  readonly #assemblers = new Map<string, LineAssembler>();
  /** A task that prints without end must not fill the disk of the server. */
  readonly #maxBytes: number;
  #bytes = 0;
  #droppedLines = 0;

  constructor(attemptId: string, shipper: LogShipper, masker: SecretMasker, maxBytes: number) {
    this.#attemptId = attemptId;
    this.#shipper = shipper;
    this.#masker = masker;
    this.#maxBytes = maxBytes;
  }

  /** What JavaScript printed: in order with the author's `log`. */
  printed(stream: OutputStream, text: string): void {
    this.#assembler(stream, "js").pushText(text);
  }

  /** What came by the process's own descriptor: programs it started, native code. */
  printedRaw(stream: OutputStream, bytes: Buffer): void {
    this.#assembler(stream, "fd").pushBytes(bytes);
  }

  entry(line: { at: number; level: LogLevel; message: string; fields?: Record<string, unknown>; stream?: OutputStream }): void {
    let message = this.#masker.maskText(line.message);
    if (message.length > 4 * MAX_LINE_LENGTH) message = `${message.slice(0, 4 * MAX_LINE_LENGTH)}… (${message.length} characters)`;
    const fields = line.fields === undefined ? undefined : this.#masker.maskFields(line.fields);
    this.#ship({ at: line.at, level: line.level, stream: line.stream ?? "log", message, ...(fields === undefined ? {} : { fields }) });
  }

  system(level: LogLevel, message: string): void {
    this.#hand({ at: Date.now(), level, stream: "system", message: this.#masker.maskText(message) });
  }

  /** The process is done with this attempt: unfinished lines are lines too. */
  endOutput(): void {
    for (const assembler of this.#assemblers.values()) assembler.end();
    this.#assemblers.clear();
  }

  close(): void {
    this.endOutput();
    if (this.#droppedLines > 0)
      this.system(
        "warn",
        `The log reached its limit of ${this.#maxBytes} bytes (runner.maxLogBytes): ${this.#droppedLines} lines after that were dropped.`,
      );
    this.#shipper.close(this.#attemptId);
  }

  #assembler(stream: OutputStream, source: "js" | "fd"): LineAssembler {
    const key = `${source}:${stream}`;
    let assembler = this.#assemblers.get(key);
    if (assembler === undefined) {
      assembler = new LineAssembler(this.#masker, (message) => this.#ship({ at: Date.now(), level: LEVEL_OF_STREAM[stream], stream, message }));
      this.#assemblers.set(key, assembler);
    }
    return assembler;
  }

  /** A line of the author's. */
  #ship(line: LogLine): void {
    if (this.#bytes >= this.#maxBytes) this.#droppedLines += 1;
    else this.#hand(line);
  }

  #hand(line: LogLine): void {
    const bytes = line.message.length + (line.fields === undefined ? 0 : JSON.stringify(line.fields).length);
    this.#bytes += bytes;
    this.#shipper.add(this.#attemptId, line, bytes);
  }
}
