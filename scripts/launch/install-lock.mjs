// A lock between processes that cannot be left behind: it is a listening socket, and the kernel closes that with its process, however it dies.
import { createHash } from "node:crypto";
import { unlinkSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Waits for the right to install into `root`.
 * @param {string} root the directory the lock is about
 * @param {() => void} onWait called once, when somebody else holds the lock
 * @returns {Promise<() => void>} gives the lock back
 */
export async function holdInstallLock(root, onWait) {
  const path = lockAddress(root);
  for (let waited = false; ; waited = true) {
    const server = await tryListen(path);
    if (server !== undefined) return () => server.release();
    if (!waited) onWait();
    await holderGone(path);
  }
}

/** Linux has socket names outside the file system, which vanish with their process; elsewhere a socket file may stay behind and is removed by a waiter. */
function lockAddress(root) {
  const name = `tradewind-install-${createHash("sha256").update(root).digest("hex").slice(0, 24)}`;
  if (process.platform === "linux") return `\0${name}`;
  return process.platform === "win32" ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.sock`);
}

function tryListen(path) {
  return new Promise((resolve, reject) => {
    const waiting = new Set();
    const server = createServer((socket) => {
      waiting.add(socket);
      socket.on("error", () => {});
      socket.once("close", () => waiting.delete(socket));
    });
    server.once("error", (error) => {
      if (error.code === "EADDRINUSE") resolve(undefined);
      else reject(new Error(`Cannot take the lock for installing: ${error.message}`, { cause: error }));
    });
    server.listen({ path }, () => {
      resolve({
        release() {
          server.close();
          for (const socket of waiting) socket.destroy();
        },
      });
    });
  });
}

/** Resolves when the holder's end of the connection closes: on release, or with its process. */
function holderGone(path) {
  return new Promise((resolve) => {
    const socket = connect({ path });
    let connected = false;
    socket.once("connect", () => (connected = true));
    socket.on("error", () => {});
    socket.resume();
    socket.once("close", () => {
      if (connected) return resolve(undefined);
      if (!path.startsWith("\0") && process.platform !== "win32") removeLeftover(path);
      setTimeout(resolve, 50, undefined); // it let go between our two calls, or its backlog is full: look again
    });
  });
}

function removeLeftover(path) {
  try {
    unlinkSync(path);
  } catch {
    // another waiter was faster
  }
}
