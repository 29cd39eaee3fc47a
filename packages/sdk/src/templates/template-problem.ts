/** Why a template could not be rendered; whoever knows the task and the option makes a whole error of it. */
export class TemplateProblem extends Error {
  /** In the template, from 1; null: not known. */
  readonly place: { line: number; column: number } | null;

  constructor(message: string, place: { line: number; column: number } | null = null) {
    super(message);
    this.place = place;
  }
}
