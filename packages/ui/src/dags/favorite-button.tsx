import { ActionIcon } from "@mantine/core";
import { IconStar, IconStarFilled } from "@tabler/icons-react";
import { useFavorite } from "../api/favorites.ts";

/** Marks a DAG for oneself: it is on the first page then. */
export function FavoriteButton({ dagId, isFavorite }: { dagId: string; isFavorite: boolean }) {
  const favorite = useFavorite();
  const Icon = isFavorite ? IconStarFilled : IconStar;
  const words = isFavorite ? "Take it from your favourites" : "Add it to your favourites";
  return (
    <ActionIcon
      variant="subtle"
      color={isFavorite ? "yellow.7" : "gray"}
      size="sm"
      aria-label={words}
      aria-pressed={isFavorite}
      title={words}
      disabled={favorite.isPending}
      onClick={() => favorite.mutate({ dagId, isFavorite: !isFavorite })}
    >
      <Icon size={16} />
    </ActionIcon>
  );
}
