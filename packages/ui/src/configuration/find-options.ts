import type { ConfigurationSection } from "../api/configuration.ts";

/** The options whose name (`api.port`) or value has every word of the text; sections without any are left out. */
export function findOptions(sections: readonly ConfigurationSection[], text: string): ConfigurationSection[] {
  const words = text.toLowerCase().split(/\s+/u);
  return sections
    .map(({ name, options }) => ({
      name,
      options: options.filter(({ key, value }) => {
        const line = `${name === "" ? "" : `${name}.`}${key} ${value}`.toLowerCase();
        return words.every((word) => line.includes(word));
      }),
    }))
    .filter(({ options }) => options.length > 0);
}

/** Keys that stand outside of any section (the server tells each as a section of its own, with a key without a name) come first, together. */
export function inSections(sections: readonly ConfigurationSection[]): ConfigurationSection[] {
  const isAlone = ({ options }: ConfigurationSection) => options.every(({ key }) => key === "");
  const alone = sections.filter(isAlone).flatMap(({ name, options }) => options.map(({ value }) => ({ key: name, value })));
  const others = sections.filter((section) => !isAlone(section));
  return alone.length === 0 ? others : [{ name: "", options: alone }, ...others];
}

/** How the environment names an option: `api`, `exposeConfig` is `TRADEWIND__API__EXPOSE_CONFIG`. */
export function environmentName(section: string, key: string): string {
  const parts = [section, ...key.split(".")].filter((part) => part !== "");
  return ["TRADEWIND", ...parts.map((part) => part.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/gu, "_").toUpperCase())].join("__");
}
