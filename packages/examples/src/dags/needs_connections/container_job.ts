/**
 * A step that runs in a container, with Docker or with Podman. Its output goes to the task's log; the last line it prints is the result.
 *
 * `tradewind connections set containers --conn-type docker --conn-host unix:///var/run/docker.sock`
 */
import { Dag, getContext } from "tradewind";
import { docker } from "tradewind/operators";

export const dag = new Dag("container_job", {
  description: "A step in a container",
  doc: "Needs Docker or Podman, and the connection `containers`: `tradewind connections set containers --conn-type docker --conn-host unix:///var/run/docker.sock`",
  tags: ["example", "docker", "needs a connection"],
  isPausedUponCreation: true,
  params: { image: { type: "string", default: "docker.io/library/alpine:3", description: "Any image with a shell." } },
});

const multiply = dag.add(
  docker("multiply", {
    connection: "containers",
    image: () => getContext<typeof dag>().params.image,
    // A text is run by the image's shell; a list is a program with its arguments.
    command: 'echo "the day is $DAY"; echo $((6 * 7))',
    env: ({ ds }) => ({ DAY: ds }),
    memory: "256m",
    cpus: 0.5,
    network: "none", // it needs nobody: nobody can be reached
    retries: 1,
  }),
);

const twice = dag.task("twice", ({ answer }: { answer: string }) => {
  getContext().log.info(`the container said ${answer}`);
  return Number(answer) * 2;
});
twice({ answer: multiply });
