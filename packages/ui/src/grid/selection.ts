/** What is looked at: a run, a task or group, or both; of a mapped task one instance. All parts of the page show it. */
export interface Selection {
  run?: string | undefined;
  task?: string | undefined;
  map?: number | undefined;
}
