/** The DAG that all targets are of; undefined: they are of several, or not known before they are asked for. */
export function onlyDag(targets: readonly { dagId: string }[] | { total: number }): string | undefined {
  if ("total" in targets) return undefined;
  const [first] = targets;
  return targets.every(({ dagId }) => dagId === first?.dagId) ? first?.dagId : undefined;
}
