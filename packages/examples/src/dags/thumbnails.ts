/** Mapping over a result: as many instances as there are images and sizes, at most four at once, then one task that sees all results. */
import { setTimeout as sleep } from "node:timers/promises";
import { Dag, getContext, SkipTask } from "tradewind";

export const dag = new Dag("thumbnails", {
  description: "Maps one task over images and sizes",
  tags: ["example", "mapping"],
  isPausedUponCreation: false,
  params: { images: { type: "integer", default: 6, minimum: 0, maximum: 200 } },
});

interface Thumbnail {
  image: string;
  width: number;
  bytes: number;
}

const listImages = dag.task("list_images", () =>
  Array.from({ length: getContext<typeof dag>().params.images }, (_, index) => (index === 3 ? `image-${index}.broken` : `image-${index}.png`)),
);

const resize = dag.task(
  "resize",
  async ({ image, width, quality }: { image: string; width: number; quality: number }): Promise<Thumbnail> => {
    const { log, signal, task } = getContext();
    if (image.endsWith(".broken")) throw new SkipTask(`${image} is no image`);
    await sleep(50, undefined, { signal });
    log.info(`instance ${task.mapIndex}: ${image} at ${width} px`);
    return { image, width, bytes: Math.round(width * width * 0.1 * quality) };
  },
  { maxActiveTisPerDagrun: 4 },
);

const summarize = dag.task(
  "summarize",
  ({ thumbnails }: { thumbnails: Thumbnail[] }) => ({
    count: thumbnails.length,
    bytes: thumbnails.reduce((sum, thumbnail) => sum + thumbnail.bytes, 0),
  }),
  // Skipped instances are no reason to skip the summary.
  { triggerRule: "none_failed" },
);

summarize({ thumbnails: resize.partial({ quality: 0.8 }).expand({ image: listImages(), width: [128, 512] }) });
