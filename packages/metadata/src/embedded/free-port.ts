import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";

/** The port used last, when it is still free, so that the server's address stays the same over restarts. */
export async function choosePort(file: string): Promise<number> {
  const before = readPort(file);
  if (before !== undefined && (await canListen(before))) return before;
  const port = await findFreePort();
  writeFileSync(file, `${port}\n`, { mode: 0o600 });
  return port;
}

function readPort(file: string): number | undefined {
  try {
    const port = Number(readFileSync(file, "utf8"));
    return Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined;
  } catch {
    return undefined;
  }
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
  });
}

function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen({ port: 0, host: "127.0.0.1" }, () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
