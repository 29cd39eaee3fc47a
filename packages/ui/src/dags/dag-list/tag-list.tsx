import { Link } from "@tanstack/react-router";
import classes from "./dag-list.module.css";

/** Tags, each of which leads to the DAGs that have it. */
export function TagList({ tags }: { tags: readonly string[] }) {
  if (tags.length === 0) return null;
  return (
    <div className={classes["tags"]}>
      {tags.map((tag) => (
        <Link key={tag} to="/dags" search={{ tags: [tag] }} className={classes["tag"]} aria-label={`DAGs with the tag ${tag}`}>
          {tag}
        </Link>
      ))}
    </div>
  );
}
