import { userInfo } from "node:os";

/** Who runs a command that changes the database itself, for the audit log: the user of the operating system. A container may run under a number that has no name. */
export function operatorName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? "unknown"}`;
  }
}
