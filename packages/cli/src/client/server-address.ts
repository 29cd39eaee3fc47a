import { CliError } from "../cli-error.ts";
import { EXIT } from "../exit-codes.ts";
import { readServerFile } from "./server-file.ts";

export const DEFAULT_URL = "http://127.0.0.1:8080";

export interface ServerAddress {
  url: string;
  /** Whether it is the server of this installation: only that one may be shown the installation's own password. */
  isOwn: boolean;
  /** For messages: "--url", "TRADEWIND_API_URL", "the running server", "the default". */
  from: string;
}

/** Which server the commands talk to: what was said, else the one that runs in this installation, else the default place. */
export function findServer(options: { url: string | undefined; env: NodeJS.ProcessEnv; home: string }): ServerAddress {
  const { url, env, home } = options;
  const running = readServerFile(home);
  const given = url ?? (env["TRADEWIND_API_URL"] || undefined);
  if (given !== undefined) {
    const from = url === undefined ? "TRADEWIND_API_URL" : "--url";
    const normal = normalUrl(given, from);
    return { url: normal, isOwn: normal === running?.url || isLoopback(normal), from };
  }
  if (running !== null) return { url: running.url, isOwn: true, from: "the running server" };
  return { url: DEFAULT_URL, isOwn: true, from: "the default" };
}

function normalUrl(text: string, from: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new CliError("invalid_request", `"${text}" (${from}) is no address of a server. Write it like ${DEFAULT_URL}.`, { exitCode: EXIT.usage });
  }
  return text.replace(/\/+$/, "");
}

function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}
