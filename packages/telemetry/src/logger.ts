import { createRequire } from "node:module";
import { type DestinationStream, type Logger, pino, stdTimeFunctions } from "pino";

export type { Logger } from "pino";

export interface LoggerOptions {
  level: "trace" | "debug" | "info" | "warn" | "error" | "fatal";
  /** `auto` is pretty when stderr is a terminal, and JSON otherwise. */
  format: "auto" | "pretty" | "json";
  /** Which service speaks: "scheduler", "api" … */
  component: string;
  /** Where lines go; stderr by default, because stdout belongs to a command's answer. */
  destination?: DestinationStream;
}

const SECRET_NAMES = ["password", "secret", "secretKey", "fernetKey", "token", "accessToken", "access_token", "authorization", "cookie"];
/** A field with such a name is never printed, at the top of a line or up to two objects below. */
const SECRET_PATHS = SECRET_NAMES.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

/**
 * A logger for one service. Lines carry `component`, `pid` and `hostname`; `logger.child({ dagId })` adds to them.
 * Writing is synchronous, so that the last line before a crash is not lost.
 */
export function createLogger(options: LoggerOptions): Logger {
  const isPretty = options.format === "pretty" || (options.format === "auto" && process.stderr.isTTY);
  const destination = options.destination ?? pino.destination({ fd: 2, sync: true });
  return pino(
    {
      level: options.level,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRET_PATHS, censor: "********" },
    },
    isPretty ? prettyStream(destination, process.stderr.isTTY) : destination,
  ).child({ component: options.component });
}

/** Loaded only when a person looks on. */
function prettyStream(destination: DestinationStream, colorize: boolean): DestinationStream {
  const pretty = createRequire(import.meta.url)("pino-pretty") as typeof import("pino-pretty");
  return pretty({
    colorize,
    destination: destination as NodeJS.WritableStream & DestinationStream,
    ignore: "pid,hostname,component",
    messageFormat: "{component}: {msg}",
    translateTime: "SYS:HH:MM:ss.l",
  });
}
