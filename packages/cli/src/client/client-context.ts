import { findProject } from "@tradewind/config/project";
import { type Output, processOutput } from "../output/output.ts";
import type { ServerOptions } from "../program/options.ts";
import { RestClient } from "./rest-client.ts";

/** What a command that talks to a server works with. */
export function clientContext(options: ServerOptions): { client: RestClient; output: Output } {
  const { home } = findProject(process.env, process.cwd());
  return { client: new RestClient({ url: options.url, env: process.env, home }), output: processOutput(options.output) };
}
