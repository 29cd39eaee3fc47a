import { FavoriteButton } from "../favorite-button.tsx";
import { useStarred } from "./starred.ts";

/** The star of a DAG in the list. */
export function StarButton({ dagId }: { dagId: string }) {
  const starred = useStarred();
  return starred === undefined ? null : <FavoriteButton dagId={dagId} isFavorite={starred.has(dagId)} />;
}
