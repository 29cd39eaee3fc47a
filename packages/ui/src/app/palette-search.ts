/** Whether every word that was typed is in the text, in any order, as people search who know about what they want. */
export function foundBy(typed: string, text: string): boolean {
  const where = text.toLowerCase();
  return typed
    .toLowerCase()
    .split(/\s+/u)
    .every((word) => where.includes(word));
}
