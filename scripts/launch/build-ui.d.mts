/** @see build-ui.mjs */
export function ensureUiBuilt(root: string, node: string): Promise<boolean>;
