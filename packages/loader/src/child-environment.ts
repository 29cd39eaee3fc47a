/**
 * What a loader child may see of the environment. An allow list: the parent's holds the database URL, keys and tokens, under names nobody can foresee.
 * `NODE_*` is not passed as a whole, since `NODE_AUTH_TOKEN` is one of them.
 */
const PASSED = [
  "PATH",
  "HOME",
  "USER",
  "LOGNAME",
  "SHELL",
  "TMPDIR",
  "TEMP",
  "TMP",
  "SYSTEMROOT",
  "LANG",
  "LANGUAGE",
  "NODE_ENV",
  "NODE_EXTRA_CA_CERTS",
  "NODE_PATH",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
];
const PASSED_PREFIX = "LC_";
/** Never passed, whatever the configuration names: they hold what only the control plane may know. */
const REFUSED_PREFIX = "TRADEWIND__";

/**
 * @param extraNames further variables that DAG files of this installation may read while they are loaded
 */
export function childEnvironment(parent: NodeJS.ProcessEnv, extraNames: readonly string[] = []): Record<string, string> {
  const environment: Record<string, string> = {
    // Without it, a local date in a DAG file would give another spec on another machine.
    TZ: parent["TZ"] ?? "UTC",
  };
  for (const [name, value] of Object.entries(parent)) {
    const passed = PASSED.includes(name) || name.startsWith(PASSED_PREFIX) || extraNames.includes(name);
    if (passed && value !== undefined && !name.startsWith(REFUSED_PREFIX)) environment[name] = value;
  }
  return environment;
}
