import { CONFIG_SECTIONS, type ConfigKey, type ConfigSection } from "./keys.ts";

const INTRODUCTION = `# Configuration

<!-- Made from packages/config/src/schema.ts by \`node packages/config/src/write-docs-page.ts\`; a test compares the two. -->

A project may have one config file, \`tradewind.config.ts\` (or \`.js\`, \`.json\`, \`.yaml\`), found in the working directory or above it, or named by
\`TRADEWIND_CONFIG\`. Each key can be set in the environment as well. Later ones win:

1. the defaults below,
2. the config file,
3. the environment: \`TRADEWIND__SECTION__KEY\`, for secrets also \`TRADEWIND__SECTION__KEY_FILE\` with the path of a file that holds the value,
4. options of a command.

\`\`\`ts
// tradewind.config.ts
export default {
  executor: "local",
  dags: { folders: ["dags"], defaultTimezone: "Europe/Madrid" },
  api: { port: 9000 },
};
\`\`\`

Lists are written with commas or as JSON in the environment (\`TRADEWIND__DAGS__FOLDERS=dags,more\`), maps as \`name=value\` with commas or as JSON. An empty variable counts as unset. A key that does not
exist is an error, never ignored. \`tradewind config list\` shows each value in use and where it came from.

The home directory holds what an installation makes for itself: the embedded database, generated secrets, logs. It is \`TRADEWIND_HOME\`, or \`.tradewind\`
in the project's folder (the nearest one, from the working directory upwards, with a config file or a \`.tradewind\` directory).
`;

/** The text of docs/configuration.md. */
export function renderDocsPage(): string {
  return [INTRODUCTION, ...CONFIG_SECTIONS.map(renderSection)].join("\n");
}

function renderSection(section: ConfigSection): string {
  const heading = section.name === null ? "## Top level\n" : `## \`${section.name}\`\n\n${section.description}\n`;
  return `${heading}\n${section.keys.map((key) => renderKey(key)).join("\n")}\n`;
}

function renderKey(key: ConfigKey): string {
  const name = key.path.split(".").at(-1);
  const type = key.choices === null ? key.type : key.choices.map((choice) => `\`${choice}\``).join(" or ");
  const facts = [type, key.default === null ? "no default" : `default \`${JSON.stringify(key.default)}\``, ...(key.isSecret ? ["secret"] : [])];
  return `- **\`${name}\`** (${facts.join(", ")}): ${key.description}\n  \`${key.envName}\``;
}
