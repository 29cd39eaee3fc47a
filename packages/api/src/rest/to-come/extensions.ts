import { z } from "zod";
import type { RestContext, RestRoutes } from "../route.ts";

const texts = z.array(z.string());
const text = z.string().nullable().optional();
const Destination = ["nav", "dag", "dag_run", "task", "task_instance", "base"] as const;

const viewFields = {
  name: z.string(),
  icon: text,
  icon_dark_mode: text,
  url_route: text,
  category: text,
  nav_top_level: z.boolean().nullable().optional(),
};

const PluginResponse = z
  .strictObject({
    name: z.string(),
    macros: texts,
    flask_blueprints: texts,
    fastapi_apps: z.array(z.strictObject({ app: z.string(), url_prefix: z.string(), name: z.string() }).meta({ id: "FastAPIAppResponse" })),
    fastapi_root_middlewares: z.array(z.strictObject({ middleware: z.string(), name: z.string() }).meta({ id: "FastAPIRootMiddlewareResponse" })),
    external_views: z.array(
      z.strictObject({ ...viewFields, href: z.string(), destination: z.enum(Destination).optional() }).meta({ id: "ExternalViewResponse" }),
    ),
    react_apps: z.array(
      z
        .strictObject({ ...viewFields, bundle_url: z.string(), destination: z.enum([...Destination, "dashboard"]).optional() })
        .meta({ id: "ReactAppResponse" }),
    ),
    appbuilder_views: z.array(z.strictObject({ name: text, category: text, view: text, label: text }).meta({ id: "AppBuilderViewResponse" })),
    appbuilder_menu_items: z.array(z.strictObject({ name: z.string(), href: z.string(), category: text }).meta({ id: "AppBuilderMenuItemResponse" })),
    global_operator_extra_links: texts,
    operator_extra_links: texts,
    source: z.string(),
    listeners: texts,
    timetables: texts,
  })
  .meta({ id: "PluginResponse" });

const ProviderResponse = z
  .strictObject({ package_name: z.string(), description: z.string(), version: z.string(), documentation_url: z.string().nullable() })
  .meta({ id: "ProviderResponse" });

const page = { limit: z.coerce.number().int().min(0).default(50), offset: z.coerce.number().int().min(0).default(0) };

/** Airflow's ways to add to it: there are none of them here, as in an Airflow without any. */
export function extensionRoutes(routes: RestRoutes, _context: RestContext): void {
  routes.add(
    {
      method: "GET",
      path: "/plugins",
      access: "workers:read",
      query: z.object(page),
      status: 200,
      answer: z.strictObject({ plugins: z.array(PluginResponse), total_entries: z.number() }).meta({ id: "PluginCollectionResponse" }),
    },
    async () => ({ plugins: [], total_entries: 0 }),
  );
  routes.add(
    {
      method: "GET",
      path: "/plugins/importErrors",
      access: "workers:read",
      status: 200,
      answer: z
        .strictObject({
          import_errors: z.array(z.strictObject({ source: z.string(), error: z.string() }).meta({ id: "PluginImportErrorResponse" })),
          total_entries: z.number(),
        })
        .meta({ id: "PluginImportErrorCollectionResponse" }),
    },
    async () => ({ import_errors: [], total_entries: 0 }),
  );
  routes.add(
    {
      method: "GET",
      path: "/providers",
      access: "workers:read",
      query: z.object(page),
      status: 200,
      answer: z.strictObject({ providers: z.array(ProviderResponse), total_entries: z.number() }).meta({ id: "ProviderCollectionResponse" }),
    },
    async () => ({ providers: [], total_entries: 0 }),
  );
}
