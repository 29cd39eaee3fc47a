/** How a command ended, for scripts. Listed in docs/cli.md. */
export const EXIT = {
  ok: 0,
  /** It was done, and the answer is bad: the run failed, a file has import errors, the schema is not current. Also every error without a code of its own. */
  failed: 1,
  /** The command line, a file given to it or the configuration is wrong. */
  usage: 2,
  /** The server, or the database, does not answer. */
  unreachable: 3,
  /** The server does not accept the credentials, or they do not allow this. */
  denied: 4,
  /** The thing that was named does not exist. */
  notFound: 5,
} as const;

export const EXIT_CODE_MEANINGS: readonly { code: number; meaning: string }[] = [
  { code: EXIT.ok, meaning: "done, and the answer is good" },
  { code: EXIT.failed, meaning: "done, and the answer is bad (the run failed, there are import errors), or something went wrong" },
  { code: EXIT.usage, meaning: "the command line or the configuration is wrong" },
  { code: EXIT.unreachable, meaning: "the server or the database does not answer" },
  { code: EXIT.denied, meaning: "the credentials are not accepted, or do not allow this" },
  { code: EXIT.notFound, meaning: "what was named does not exist" },
  { code: 130, meaning: "ended by Ctrl-C" },
];
