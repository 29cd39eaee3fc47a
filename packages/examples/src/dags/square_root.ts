/** A loop: its body runs again, with what it returned before, until that is good enough. */
import { Dag } from "tradewind";

interface Guess {
  value: number;
  error: number;
}

export const dag = new Dag("square_root", {
  description: "A loop that improves a guess until its error is small",
  tags: ["example", "loops"],
  isPausedUponCreation: false,
});

const improve = dag.task("improve", ({ previous }: { previous: Guess | null }): Guess => {
  const value = previous === null ? 1 : (previous.value + 2 / previous.value) / 2;
  return { value, error: Math.abs(value * value - 2) };
});
const publish = dag.task("publish", ({ root }: { root: Guess }) => root.value.toFixed(6));

const refine = dag
  .taskGroup("refine")
  .loop({ maxIterations: 10, until: (guess: Guess) => guess.error < 1e-9 }, ({ previous }) => improve({ previous }));

publish({ root: refine.result });
