/** Where a command writes, and what that place can show. */
export interface Terminal {
  write(text: string): void;
  /** Columns; null when it is no terminal, and nothing is cut. */
  readonly columns: number | null;
  readonly hasColours: boolean;
}

/** Colours only on a terminal, and not when the user asked for none (no-color.org) or the terminal cannot; FORCE_COLOR asks for them anywhere. */
export function terminalOf(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Terminal {
  const isTerminal = stream.isTTY;
  const wantsColours = env["FORCE_COLOR"] ? env["FORCE_COLOR"] !== "0" : isTerminal && env["TERM"] !== "dumb";
  // The stream's own method, also while a task's output is being captured.
  const write = stream.write.bind(stream);
  return {
    write: (text) => void write(text),
    get columns() {
      return isTerminal ? stream.columns || 80 : null;
    },
    hasColours: wantsColours && !env["NO_COLOR"],
  };
}

const STYLES = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  blue: [34, 39],
  magenta: [35, 39],
  cyan: [36, 39],
} as const;
export type Style = keyof typeof STYLES;

export function paint(terminal: Pick<Terminal, "hasColours">, style: Style | null, text: string): string {
  if (style === null || !terminal.hasColours || text === "") return text;
  const [on, off] = STYLES[style];
  return `\u001B[${on}m${text}\u001B[${off}m`;
}

/** The colour of a state, as in Airflow's UI as far as a terminal has it. */
export function stateStyle(state: string | null): Style | null {
  switch (state) {
    case "success":
    case "healthy":
      return "green";
    case "failed":
    case "unhealthy":
      return "red";
    case "upstream_failed":
    case "up_for_retry":
    case "up_for_reschedule":
    case "restarting":
    case "draining":
      return "yellow";
    case "running":
      return "cyan";
    case "queued":
    case "scheduled":
    case "deferred":
      return "blue";
    case "skipped":
      return "magenta";
    case null:
    case "removed":
    case "offline":
      return "dim";
    default:
      return null;
  }
}
