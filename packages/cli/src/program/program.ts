import { Command } from "commander";
import { EXIT_CODE_MEANINGS } from "../exit-codes.ts";
import { addDagCommands } from "./dag-commands.ts";
import { addDatabaseCommands } from "./database-commands.ts";
import { addInstallationCommands } from "./installation-commands.ts";
import { addRunCommands } from "./run-commands.ts";
import { addServiceCommands } from "./service-commands.ts";
import { addSettingCommands } from "./setting-commands.ts";
import { addTaskCommands } from "./task-commands.ts";
import { addWhyCommand } from "./why-command.ts";
import { addUserCommands } from "./user-commands.ts";
import { addWorkerCommands } from "./worker-commands.ts";

const ENVIRONMENT = `
Environment:
  TRADEWIND_HOME          where the installation keeps its things (default: the nearest .tradewind)
  TRADEWIND_CONFIG        the config file (default: the nearest tradewind.config.*)
  TRADEWIND__SECTION__KEY any key of the configuration; \`tradewind config list\` names them
  TRADEWIND_API_URL       the server that commands talk to
  TRADEWIND_API_TOKEN     an access token for it, or
  TRADEWIND_API_USER, TRADEWIND_API_PASSWORD
  NO_COLOR                no colours

Exit codes:
${EXIT_CODE_MEANINGS.map(({ code, meaning }) => `  ${String(code).padEnd(4)}${meaning}`).join("\n")}`;

/** All commands with their options and help. Their code is loaded when one is called, so that the program starts at once. */
export function createProgram(version: string): Command {
  const program = new Command("tradewind")
    .description("Schedules and runs workflows that are TypeScript files.")
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "show this help")
    .helpCommand("help [command]", "show the help of a command")
    .configureHelp({ sortSubcommands: false, showGlobalOptions: false })
    .showHelpAfterError("Run the command with --help for what it takes.")
    .exitOverride()
    .addHelpText("after", ENVIRONMENT);
  addServiceCommands(program);
  addDagCommands(program);
  addRunCommands(program);
  addTaskCommands(program);
  addWhyCommand(program);
  addSettingCommands(program);
  addUserCommands(program);
  addWorkerCommands(program);
  addDatabaseCommands(program);
  addInstallationCommands(program);
  return program;
}
