/** The smallest useful DAG: a param, a handler, a shell command. Trigger it with `{"name": "you"}`. */
import { Dag, getContext, type TemplateContext } from "tradewind";
import { bash } from "tradewind/operators";

export const dag = new Dag("hello", {
  description: "Says hello, in TypeScript and in bash",
  tags: ["example"],
  isPausedUponCreation: false,
  params: { name: { type: "string", default: "world", minLength: 1, description: "Whom to greet." } },
});

const greet = dag.task("greet", () => {
  const { params, log } = getContext<typeof dag>();
  const greeting = `Hello, ${params.name}!`;
  log.info(greeting);
  return greeting;
});

const shout = dag.task(
  bash("shout", {
    command: 'printf "%s\\n" "$GREETING" | tr "[:lower:]" "[:upper:]"',
    env: ({ inputs }: TemplateContext<{ greeting: string }>) => ({ GREETING: inputs.greeting }),
  }),
);

shout({ greeting: greet() });
