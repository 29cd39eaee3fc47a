import type { ConfigurationSection } from "../api/configuration.ts";

/** The options whose name (`api.port`) or value has every word of the text; sections without any are left out. */
export function findOptions(sections: readonly ConfigurationSection[], text: string): ConfigurationSection[] {
  const words = text.toLowerCase().split(/\s+/u);
  return sections
    .map(({ name, options }) => ({
      name,
      options: options.filter(({ key, value }) => {
        const line = `${name}.${key} ${value}`.toLowerCase();
        return words.every((word) => line.includes(word));
      }),
    }))
    .filter(({ options }) => options.length > 0);
}

/** How the environment names an option: `api`, `exposeConfig` is `TRADEWIND__API__EXPOSE_CONFIG`. */
export function environmentName(section: string, key: string): string {
  return [section, ...key.split(".")].reduce(
    (name, part) => `${name}__${part.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/gu, "_").toUpperCase()}`,
    "TRADEWIND",
  );
}
