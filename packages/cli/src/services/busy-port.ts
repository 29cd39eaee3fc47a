import { createServer } from "node:net";
import { CliError } from "../cli-error.ts";
import { EXIT } from "../exit-codes.ts";

/** How the two ports are named to people. */
export const REST_PORT = { what: "the REST API", option: "--port (or TRADEWIND__API__PORT)" };
export const EXECUTION_PORT = { what: "the execution API", option: "TRADEWIND__EXECUTION_API__PORT" };

/** Says early and clearly that a port cannot be had, before anything slow is started. 0 is always free. */
export async function assertPortFree(host: string, port: number, how: { what: string; option: string }): Promise<void> {
  if (port === 0) return;
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host, port, exclusive: true }, resolve);
    });
  } catch (error) {
    throw portError(error, host, port, how);
  } finally {
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}

export function portError(error: unknown, host: string, port: number, { what, option }: { what: string; option: string }): CliError {
  const code = (error as NodeJS.ErrnoException).code;
  const why =
    code === "EADDRINUSE"
      ? "is in use by another program"
      : code === "EACCES"
        ? "may not be used by this user"
        : `cannot be used (${code ?? String(error)})`;
  return new CliError("invalid_config", `Port ${port} of ${host}, for ${what}, ${why}.`, {
    exitCode: EXIT.usage,
    hint: `Choose another one with ${option}, or stop that program.`,
    cause: error,
  });
}
