/** A text in the address, which may look like a number: then the router has read it as one. undefined: there is none. */
export function addressText(value: unknown): string | undefined {
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}
