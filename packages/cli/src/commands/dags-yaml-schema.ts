/** The schema by which editors complete and check YAML DAGs. */
export async function printYamlSchema(): Promise<void> {
  const { dagJsonSchema } = await import("tradewind/yaml");
  process.stdout.write(`${JSON.stringify(dagJsonSchema(), null, 2)}\n`);
}
