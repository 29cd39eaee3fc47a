import type { Command } from "commander";
import { EXIT_CODE_MEANINGS } from "./exit-codes.ts";

const INTRODUCTION = `# The \`tradewind\` command

Made from the program's own help by \`node packages/cli/src/write-docs-page.ts\`; a test compares the two.

In a checkout, \`npm run -s tradewind -- ARGUMENTS\` runs it, and \`npm start -- ARGUMENTS\` is \`tradewind standalone ARGUMENTS\`.

Commands that steer a running Tradewind talk to its REST API. The address is \`--url\`, else \`TRADEWIND_API_URL\`, else the server that runs in this installation, else
\`http://127.0.0.1:8080\`. They log in with \`TRADEWIND_API_TOKEN\`, or with \`TRADEWIND_API_USER\` and \`TRADEWIND_API_PASSWORD\`, or with the password that this installation
made (\`admin-password\` in its home directory), which goes to its own server only.

Answers go to stdout, everything else to stderr. \`--output json\` gives the API's own field names, and errors as \`{"error": {"code", "message", "hint"}}\` on stderr. Tables are cut to
the width of a terminal, and never where they are piped; \`NO_COLOR\` switches colours off.
`;

/** docs/cli.md. */
export function renderDocsPage(program: Command): string {
  const codes = EXIT_CODE_MEANINGS.map(({ code, meaning }) => `| ${code} | ${meaning} |`);
  const sections = program.commands.filter((command) => command.name() !== "help").map((command) => renderGroup(command));
  return [INTRODUCTION, "## Exit codes\n", "| code | meaning |\n| --- | --- |", ...codes, "", ...sections].join("\n").trimEnd().concat("\n");
}

function renderGroup(command: Command): string {
  if (command.commands.length === 0) return `## ${command.name()}\n\n${renderHelp(command)}\n`;
  const parts = command.commands.map((sub) => `### ${command.name()} ${sub.name()}\n\n${renderHelp(sub)}\n`);
  return [`## ${command.name()}\n\n${sentence(command.description())}\n`, ...parts].join("\n");
}

/** As \`--help\` prints it, with a width that does not depend on a terminal. */
function renderHelp(command: Command): string {
  let text = "";
  command.configureOutput({ writeOut: (part) => (text += part), getOutHelpWidth: () => 120, getOutHasColors: () => false });
  command.outputHelp();
  return `\`\`\`\n${text.trimEnd()}\n\`\`\``;
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
