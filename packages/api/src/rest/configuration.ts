import { TradewindError } from "@tradewind/core";
import { z } from "zod";
import { text } from "../http/query-values.ts";
import type { RestContext, RestRequest, RestRoutes, ShownOption } from "./route.ts";

const Config = z
  .strictObject({
    sections: z.array(
      z
        .strictObject({
          name: z.string(),
          options: z.array(
            z.strictObject({ key: z.string(), value: z.union([z.string(), z.tuple([z.string(), z.string()])]) }).meta({ id: "ConfigOption" }),
          ),
        })
        .meta({ id: "ConfigSection" }),
    ),
  })
  .meta({ id: "Config" });
type Config = z.infer<typeof Config>;

/** The configuration in use, where the operator allows it to be shown. */
export function configurationRoutes(routes: RestRoutes, context: RestContext): void {
  const shown = (): readonly ShownOption[] => {
    if (context.shownConfig !== null) return context.shownConfig;
    throw new TradewindError(
      "forbidden",
      "Your administrator chose not to expose the configuration, most likely for security reasons. The configuration key api.exposeConfig allows it.",
    );
  };
  const answer = (options: readonly ShownOption[], { raw, reply }: Pick<RestRequest<unknown, unknown, unknown>, "raw" | "reply">) => {
    const config = toConfig(options);
    return raw.headers.accept?.includes("text/plain") === true ? reply.type("text/plain; charset=utf-8").send(toText(config)) : config;
  };

  routes.add(
    { method: "GET", path: "/config", access: "connections:read", query: z.object({ section: text }), status: 200, answer: Config },
    async ({ query, raw, reply }) => {
      const options = shown().filter(({ section }) => query.section === undefined || section === query.section);
      if (options.length === 0) throw new TradewindError("not_found", `Section ${String(query.section)} not found.`);
      return answer(options, { raw, reply });
    },
  );
  routes.add(
    {
      method: "GET",
      path: "/config/section/{section}/option/{option}",
      access: "connections:read",
      pathSchema: z.object({ section: z.string(), option: z.string() }),
      status: 200,
      answer: Config,
    },
    async ({ path, raw, reply }) => {
      const options = shown().filter(({ section, key }) => section === path.section && key === path.option);
      if (options.length === 0) throw new TradewindError("not_found", `Option [${path.section}/${path.option}] not found.`);
      return answer(options, { raw, reply });
    },
  );
}

function toConfig(options: readonly ShownOption[]): Config {
  const sections = Map.groupBy(options, ({ section }) => section);
  return { sections: [...sections].map(([name, own]) => ({ name, options: own.map(({ key, value }) => ({ key, value })) })) };
}

/** As a file of Airflow is written. */
function toText({ sections }: Config): string {
  return sections.map(({ name, options }) => `[${name}]\n${options.map(({ key, value }) => `${key} = ${String(value)}\n`).join("")}`).join("\n");
}
